import type { PoolingKernels } from "../../src/kernels/pooling_kernels.ts";
import { B, brackets, type Case, H, kernelCase, type Scene, T } from "./case.ts";

/** Pooling over the steps of a sequence: one step `[50 x 128]`, and the gradient of a softmax over 50 steps. */
export const pooling: Record<keyof PoolingKernels, Case[]> = {
  scaleRows: [0, 1].flatMap((accumulate) =>
    onRows(`scaleRows${accumulate ? ", accumulated" : ""}`, H, accumulate ? 12 : 8, (layout) => {
      const y = layout.activations(B, H), x = layout.activations(B, H), s = layout.activations(B, T);
      return (k) => k.scaleRows(y.address, s.address, x.address, B, H, y.stride, s.stride, x.stride, accumulate);
    })
  ),
  rowDots: onRows("rowDots", H, 8, (layout) => {
    const y = layout.activations(B, T), a = layout.activations(B, H), b = layout.activations(B, H);
    return (k) => k.rowDots(y.address, a.address, b.address, B, H, y.stride, a.stride, b.stride);
  }),
  softmaxBackward: onRows("softmaxBackward", T, 12, (layout) => {
    const [dx, dy, y] = Array.from({ length: 3 }, () => layout.activations(B, T));
    return (k) => k.softmaxBackward(dx.address, dy.address, y.address, B, T, dx.stride, dy.stride, y.stride);
  }),
  maximum: onRows("maximum", H, 20, (layout) => {
    const y = layout.activations(B, H), x = layout.activations(B, H), step = layout.integers(B * H, T);
    return (k) => k.maximum(y.address, step.address, x.address, 1, B, H, y.stride, H, x.stride);
  }),
  maximumBackward: onRows("maximumBackward", H, 12, (layout) => {
    const dx = layout.activations(B, H), dy = layout.activations(B, H), step = layout.integers(B * H, T);
    return (k) => k.maximumBackward(dx.address, dy.address, step.address, 1, B, H, dx.stride, dy.stride, H);
  }),
};

function onRows(name: string, n: number, bytesPerElement: number, scene: Scene): Case[] {
  const work = { elements: B * n, bytes: bytesPerElement * B * n };
  return [kernelCase("pooling", `${name} ${brackets(B, n)}`, work, scene)];
}
