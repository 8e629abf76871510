import type { Kernels } from "../../src/kernels/kernels.ts";
import { B, brackets, type Case, H, kernelCase, type Scene, T, V } from "./case.ts";

type Unary = "exp" | "log" | "sigmoid" | "tanh" | "relu" | "copy";
type Backward = "tanhBackward" | "reluBackward";
type Name =
  | Unary
  | Backward
  | "softmax"
  | "softmaxCrossEntropy"
  | "gather"
  | "scatterAdd"
  | "add"
  | "zero"
  | "columnSums";

const ROWS = T * B, GATES = 4 * H;

/** Kernels on rows of activations: of one step `[50 x ...]` or of all steps `[2500 x ...]`. */
export const rows: Record<Name, Case[]> = {
  exp: unary("exp"),
  log: unary("log"),
  sigmoid: unary("sigmoid"),
  tanh: unary("tanh"),
  relu: unary("relu", 8),
  tanhBackward: backward("tanhBackward"),
  reluBackward: backward("reluBackward"),

  softmax: onRows("activation", "softmax", B, V, undefined, (layout) => {
    const y = layout.activations(B, V), x = layout.activations(B, V), scale = layout.numbers(1);
    return (k) => k.softmax(y.address, x.address, scale.address, B, V, y.stride, x.stride);
  }),
  softmaxCrossEntropy: onRows("activation", "softmaxCrossEntropy", ROWS, V, undefined, (layout) => {
    const dx = layout.activations(ROWS, V), x = layout.activations(ROWS, V), loss = layout.activations(1, ROWS);
    const targets = layout.integers(ROWS, V), scale = layout.numbers(1 / ROWS);
    const at = () => [loss.address, dx.address, x.address, targets.address, scale.address] as const;
    return (k) => k.softmaxCrossEntropy(...at(), ROWS, V, dx.stride, x.stride);
  }),

  gather: onRows("rows", "gather", ROWS, GATES, 8, (layout) => {
    const y = layout.activations(ROWS, GATES), table = layout.dense(V, GATES), index = layout.integers(ROWS, V);
    return (k) => k.gather(y.address, table.address, index.address, ROWS, GATES, y.stride, table.stride);
  }),
  scatterAdd: onRows("rows", "scatterAdd", ROWS, GATES, 12, (layout) => {
    const table = layout.dense(V, GATES), y = layout.activations(ROWS, GATES), index = layout.integers(ROWS, V);
    return (k) => k.scatterAdd(table.address, y.address, index.address, ROWS, GATES, table.stride, y.stride);
  }),
  copy: unary("copy", 8),
  add: onRows("rows", "add", B, H, 12, (layout) => {
    const y = layout.activations(B, H), a = layout.activations(B, H), b = layout.activations(B, H);
    return (k) => k.add(y.address, a.address, b.address, B, H, y.stride, a.stride, b.stride);
  }),
  zero: onRows("rows", "zero", B, H, 4, (layout) => {
    const y = layout.activations(B, H);
    return (k) => k.zero(y.address, B, H, y.stride);
  }),
  columnSums: onRows("rows", "columnSums", ROWS, GATES, 4, (layout) => {
    const y = layout.dense(1, GATES), x = layout.activations(ROWS, GATES);
    return (k) => k.columnSums(y.address, x.address, ROWS, GATES, x.stride);
  }),
};

function unary(name: Unary, bytesPerElement?: number): Case[] {
  return onRows(name === "copy" ? "rows" : "activation", name, B, H, bytesPerElement, (layout) => {
    const y = layout.activations(B, H), x = layout.activations(B, H);
    return (k) => k[name](y.address, x.address, B, H, y.stride, x.stride);
  });
}

function backward(name: Backward): Case[] {
  return onRows("activation", name, B, H, 12, (layout) => {
    const dx = layout.activations(B, H), dy = layout.activations(B, H), y = layout.activations(B, H);
    return (k) => k[name](dx.address, dy.address, y.address, B, H, dx.stride, dy.stride, y.stride);
  });
}

function onRows(
  group: string,
  name: keyof Kernels,
  m: number,
  n: number,
  bytesPerElement: number | undefined,
  scene: Scene,
): Case[] {
  const bytes = bytesPerElement && bytesPerElement * m * n;
  return [kernelCase(group, `${name} ${brackets(m, n)}`, { elements: m * n, bytes }, scene)];
}
