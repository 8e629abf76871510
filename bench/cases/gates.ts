import type { Kernels } from "../../src/kernels/kernels.ts";
import type { Slot } from "../../src/memory/slot.ts";
import { B, brackets, type Case, H, kernelCase } from "./case.ts";
import type { Layout } from "./layout.ts";

type Gate = Extract<keyof Kernels, `lstm${string}` | `gru${string}`>;

/**
 * The gates of one step, per hidden unit. Backward works in place. On its own results it would soon compute with
 * subnormal numbers, which is 15 times slower. So the incoming gradients are zero here, and all results stay zero. On
 * fresh random numbers backward takes the same 0.8 ns (Granite Rapids, Deno 2.9.6, 2026-11-22).
 */
export const gates: Record<Gate, Case[]> = {
  lstmForward: gate("lstmForward", (layout) => {
    const z = layout.activations(B, 4 * H), [h, c, tc, cPrev] = units(layout, 4);
    return (k) => k.lstmForward(h.address, c.address, tc.address, z.address, cPrev.address, B, H, z.stride, h.stride);
  }),
  lstmBackward: gate("lstmBackward", (layout) => {
    const z = layout.activations(B, 4 * H), [tc, cPrev] = units(layout, 2);
    const dc = layout.zeros(B, H), dh = layout.zeros(B, H);
    return (k) =>
      k.lstmBackward(z.address, dc.address, dh.address, tc.address, cPrev.address, B, H, z.stride, dh.stride);
  }),
  gruForward: gate("gruForward", (layout) => {
    const z = layout.activations(B, 4 * H), [h, hPrev] = units(layout, 2);
    return (k) => k.gruForward(h.address, z.address, hPrev.address, B, H, z.stride, h.stride);
  }),
  gruBackward: gate("gruBackward", (layout) => {
    const z = layout.activations(B, 4 * H), [dhPrev, hPrev] = units(layout, 2), dh = layout.zeros(B, H);
    return (k) => k.gruBackward(z.address, dhPrev.address, dh.address, hPrev.address, B, H, z.stride, dh.stride);
  }),
  gruResetForward: gate("gruResetForward", (layout) => {
    const z = layout.activations(B, 3 * H), [rh, hPrev] = units(layout, 2);
    return (k) => k.gruResetForward(rh.address, z.address, hPrev.address, B, H, z.stride, rh.stride);
  }),
  gruUpdateForward: gate("gruUpdateForward", (layout) => {
    const z = layout.activations(B, 3 * H), [h, hPrev] = units(layout, 2);
    return (k) => k.gruUpdateForward(h.address, z.address, hPrev.address, B, H, z.stride, h.stride);
  }),
  gruUpdateBackward: gate("gruUpdateBackward", (layout) => {
    const z = layout.activations(B, 3 * H), [dhPrev, hPrev] = units(layout, 2), dh = layout.zeros(B, H);
    return (k) => k.gruUpdateBackward(z.address, dhPrev.address, dh.address, hPrev.address, B, H, z.stride, dh.stride);
  }),
  gruResetBackward: gate("gruResetBackward", (layout) => {
    const z = layout.activations(B, 3 * H), [dhPrev, hPrev] = units(layout, 2), drh = layout.zeros(B, H);
    return (k) => k.gruResetBackward(z.address, dhPrev.address, drh.address, hPrev.address, B, H, z.stride, drh.stride);
  }),
};

function gate(name: Gate, scene: (layout: Layout) => (k: Kernels) => void): Case[] {
  return [kernelCase("gate", `${name} ${brackets(B, H)}`, { elements: B * H }, scene)];
}

/** Matrices of `[B, H]`. */
function units(layout: Layout, count: number): Slot[] {
  return Array.from({ length: count }, () => layout.activations(B, H));
}
