import { ACTIVATION } from "../../src/kernels/activation_kinds.ts";
import { B, brackets, type Case, H, kernelCase, type Scene, T, V } from "./case.ts";

type Unary = "exp" | "log" | "sigmoid" | "tanh" | "relu" | "copy";
type Backward = "tanhBackward" | "reluBackward";
type Binary = "add" | "subtract" | "multiply" | "divide" | "multiplyAdd";
type Name =
  | Unary
  | Backward
  | Binary
  | ("activate" | "activateBackward" | "clamp" | "clampBackward" | "dropoutMask")
  | ("layerNorm" | "layerNormBackward" | "softmax" | "softmaxCrossEntropy")
  | ("gather" | "gatherIntegers" | "scatterAdd" | "zero" | "columnSums");

const ROWS = T * B, GATES = 4 * H;

/** Activations without a kernel of their own. */
const OWN_KINDS = [
  "affine",
  "leakyRelu",
  "thresholdedRelu",
  "scaledTanh",
  "hardSigmoid",
  "elu",
  "softsign",
  "softplus",
] as const;

/** Kernels on rows of activations: one step `[50 x ...]` or all steps `[2500 x ...]`. */
export const rows: Record<Name, Case[]> = {
  exp: unary("exp"),
  log: unary("log"),
  sigmoid: unary("sigmoid"),
  tanh: unary("tanh"),
  relu: unary("relu", 8),
  tanhBackward: backward("tanhBackward"),
  reluBackward: backward("reluBackward"),

  activate: OWN_KINDS.flatMap(activate),
  activateBackward: OWN_KINDS.flatMap(activateBackward),

  clamp: onRows("activation", "clamp", B, H, 8, (layout) => {
    const y = layout.activations(B, H), x = layout.activations(B, H), limit = layout.numbers(0.5);
    return (k) => k.clamp(y.address, x.address, limit.address, B, H, y.stride, x.stride);
  }),
  clampBackward: onRows("activation", "clampBackward", B, H, 12, (layout) => {
    const [dx, dy, x] = Array.from({ length: 3 }, () => layout.activations(B, H)), limit = layout.numbers(0.5);
    return (k) =>
      k.clampBackward(dx.address, dy.address, x.address, limit.address, B, H, dx.stride, dy.stride, x.stride);
  }),
  dropoutMask: [H, H + 2].flatMap((n) =>
    // Rows that all start with a whole block of random numbers, and rows that do not.
    onRows("activation", "dropoutMask", B, n, undefined, (layout) => {
      const mask = layout.activations(B, n), rate = layout.numbers(0.2), step = layout.integers(1, 10);
      return (k) => k.dropoutMask(mask.address, rate.address, step.address, 0, B, n, mask.stride, 1, 2, 3);
    })
  ),

  layerNorm: onRows("activation", "layerNorm", B, GATES, undefined, (layout) => {
    const y = layout.activations(B, GATES), x = layout.activations(B, GATES), stats = layout.dense(B, 2);
    const gain = layout.dense(1, GATES), bias = layout.dense(1, GATES), epsilon = layout.numbers(1e-5);
    const at = () => [y.address, stats.address, x.address, gain.address, bias.address, epsilon.address] as const;
    return (k) => k.layerNorm(...at(), B, GATES, y.stride, x.stride);
  }),
  layerNormBackward: onRows("activation", "layerNormBackward", B, GATES, undefined, (layout) => {
    const [dx, dy, x] = Array.from({ length: 3 }, () => layout.activations(B, GATES)), stats = layout.dense(B, 2);
    const [dGain, dBias, gain] = Array.from({ length: 3 }, () => layout.dense(1, GATES));
    const outputs = () => [dx.address, dGain.address, dBias.address] as const;
    const inputs = () => [dy.address, x.address, stats.address, gain.address] as const;
    return (k) => k.layerNormBackward(...outputs(), ...inputs(), B, GATES, dx.stride, dy.stride, x.stride);
  }),

  softmax: onRows("activation", "softmax", B, V, undefined, (layout) => {
    const y = layout.activations(B, V), x = layout.activations(B, V), scale = layout.numbers(1);
    return (k) => k.softmax(y.address, x.address, scale.address, B, V, y.stride, x.stride);
  }),
  softmaxCrossEntropy: onRows("activation", "softmaxCrossEntropy", ROWS, V, undefined, (layout) => {
    const dx = layout.activations(ROWS, V), x = layout.activations(ROWS, V), loss = layout.activations(1, ROWS);
    const targets = layout.integers(ROWS, V), scale = layout.numbers(1 / ROWS), rowWeights = layout.dense(ROWS, 2);
    const at = () =>
      [loss.address, dx.address, x.address, targets.address, rowWeights.address, 0, scale.address] as const;
    return (k) => k.softmaxCrossEntropy(...at(), ROWS, V, dx.stride, x.stride);
  }),

  gather: onRows("rows", "gather", ROWS, GATES, 8, (layout) => {
    const y = layout.activations(ROWS, GATES), table = layout.dense(V, GATES), index = layout.integers(ROWS, V);
    return (k) => k.gather(y.address, table.address, index.address, ROWS, GATES, y.stride, table.stride);
  }),
  gatherIntegers: onRows("rows", "gatherIntegers", ROWS, 1, 12, (layout) => {
    const y = layout.integers(ROWS, V), x = layout.integers(ROWS, V), index = layout.integers(ROWS, ROWS);
    return (k) => k.gatherIntegers(y.address, x.address, index.address, ROWS);
  }),
  scatterAdd: onRows("rows", "scatterAdd", ROWS, GATES, 12, (layout) => {
    const table = layout.dense(V, GATES), y = layout.activations(ROWS, GATES), index = layout.integers(ROWS, V);
    return (k) => k.scatterAdd(table.address, y.address, index.address, ROWS, GATES, table.stride, y.stride);
  }),
  copy: unary("copy", 8),
  add: binary("add"),
  subtract: binary("subtract"),
  divide: binary("divide"),
  multiply: binary("multiply"),
  multiplyAdd: binary("multiplyAdd"),
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

function binary(name: Binary): Case[] {
  return onRows("rows", name, B, H, name === "multiplyAdd" ? 16 : 12, (layout) => {
    const y = layout.activations(B, H), a = layout.activations(B, H), b = layout.activations(B, H);
    return (k) => k[name](y.address, a.address, b.address, B, H, y.stride, a.stride, b.stride);
  });
}

function activate(kind: typeof OWN_KINDS[number]): Case[] {
  return onRows("activation", `activate ${kind}`, B, H, undefined, (layout) => {
    const y = layout.activations(B, H), x = layout.activations(B, H), settings = layout.numbers(0.3, 0.6);
    const at = () => [y.address, x.address, settings.address, ACTIVATION[kind]] as const;
    return (k) => k.activate(...at(), B, H, y.stride, x.stride);
  });
}

function activateBackward(kind: typeof OWN_KINDS[number]): Case[] {
  return onRows("activation", `activateBackward ${kind}`, B, H, undefined, (layout) => {
    const dx = layout.activations(B, H), dy = layout.activations(B, H), x = layout.activations(B, H);
    const settings = layout.numbers(0.3, 0.6);
    const at = () => [dx.address, dy.address, x.address, 0, settings.address, ACTIVATION[kind]] as const;
    return (k) => k.activateBackward(...at(), B, H, dx.stride, dy.stride, x.stride, 0);
  });
}

function onRows(
  group: string,
  name: string,
  m: number,
  n: number,
  bytesPerElement: number | undefined,
  scene: Scene,
): Case[] {
  const bytes = bytesPerElement && bytesPerElement * m * n;
  return [kernelCase(group, `${name} ${brackets(m, n)}`, { elements: m * n, bytes }, scene)];
}
