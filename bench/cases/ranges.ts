import { adagrad, adam, rmsprop, sgd } from "../../mod.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { NORM_BLOCK } from "../../src/training/clip.ts";
import { B, brackets, type Case, H, kernelCase, type Scene, T, V } from "./case.ts";

type Name =
  | ("pack" | "packTransposed" | "transpose" | "sum" | "sumPowers" | "clipNorm" | "scale" | "clipValue")
  | ("adam" | "sgd" | "sgdMomentum" | "rmsprop" | "adagrad" | "average" | "randomUniform" | "randomNormal");

/** Number of parameters of the net: two LSTM layers and the output layer. */
const PARAMETERS = 4 * H * (V + H + 2) + 4 * H * (H + H + 2) + V * (H + 1);
const GATES = 4 * H, BLOCKS = Math.ceil(PARAMETERS / NORM_BLOCK);

/** Hyperparameters of an update. */
const RATES = { learningRate: 1e-3, weightDecay: 0 };

/** Kernels on weights, and on the range of all parameters or of all gradients. */
export const ranges: Record<Name, Case[]> = {
  pack: weights("pack", GATES, H, (layout) => {
    const panels = layout.dense(1, GATES * H), W = layout.dense(GATES, H);
    return (k) => k.pack(panels.address, W.address, GATES, H, W.stride);
  }),
  packTransposed: weights("packTransposed", GATES, H, (layout) => {
    const panels = layout.dense(1, GATES * H), W = layout.dense(GATES, H);
    return (k) => k.packTransposed(panels.address, W.address, H, GATES, W.stride);
  }),
  transpose: weights("transpose", V, GATES, (layout) => {
    const table = layout.dense(V, GATES), W = layout.dense(GATES, V);
    return (k) => k.transpose(table.address, W.address, V, GATES, table.stride, W.stride);
  }),

  sum: range("sum", T * B, 4, (layout) => {
    const y = layout.dense(1, 1), x = layout.activations(1, T * B);
    return (k) => k.sum(y.address, x.address, T * B);
  }),
  sumPowers: [1, 2, Infinity, 3].flatMap((p) =>
    range("sumPowers", PARAMETERS, 4, (layout) => {
      const sums = layout.dense(1, 2 * BLOCKS), g = layout.dense(1, PARAMETERS), power = layout.numbers(p);
      return (k) => k.sumPowers(sums.address, g.address, power.address, PARAMETERS);
    }, ` p = ${p}`)
  ),
  clipNorm: range("clipNorm", BLOCKS, undefined, (layout) => {
    const norm = layout.dense(1, 1), scale = layout.dense(1, 1), sums = layout.dense(1, 2 * BLOCKS);
    const limit = layout.numbers(5), power = layout.numbers(2);
    return (k) => k.clipNorm(norm.address, scale.address, sums.address, limit.address, power.address, BLOCKS);
  }),
  scale: range("scale", PARAMETERS, 8, (layout) => {
    const g = layout.dense(1, PARAMETERS), minusOne = layout.numbers(-1); // values neither grow nor vanish
    return (k) => k.scale(g.address, minusOne.address, PARAMETERS);
  }),
  clipValue: range("clipValue", PARAMETERS, 8, (layout) => {
    const g = layout.dense(1, PARAMETERS), limit = layout.numbers(5);
    return (k) => k.clipValue(g.address, limit.address, PARAMETERS);
  }),

  adam: [false, true].flatMap((largest) =>
    range("adam", PARAMETERS, largest ? 36 : 28, (layout) => {
      const [p, m, v, x, g] = Array.from({ length: 5 }, () => layout.dense(1, PARAMETERS));
      const settings = layout.numbers(...adam().settings(0, RATES));
      return (k) =>
        k.adam(p.address, m.address, v.address, largest ? x.address : 0, g.address, settings.address, PARAMETERS);
    }, largest ? " amsgrad" : "")
  ),
  sgd: range("sgd", PARAMETERS, 12, (layout) => {
    const p = layout.dense(1, PARAMETERS),
      g = layout.dense(1, PARAMETERS),
      settings = layout.numbers(...sgd().settings(0, RATES));
    return (k) => k.sgd(p.address, g.address, settings.address, PARAMETERS);
  }),
  sgdMomentum: [0, 1].flatMap((nesterov) =>
    range("sgdMomentum", PARAMETERS, 20, (layout) => {
      const [p, v, g] = Array.from({ length: 3 }, () => layout.dense(1, PARAMETERS));
      const settings = layout.numbers(...sgd({ momentum: 0.9 }).settings(0, RATES));
      return (k) => k.sgdMomentum(p.address, v.address, g.address, settings.address, PARAMETERS, nesterov);
    }, nesterov ? " nesterov" : "")
  ),
  rmsprop: [false, true].flatMap((all) =>
    range("rmsprop", PARAMETERS, all ? 36 : 20, (layout) => {
      const [p, v, a, b, g] = Array.from({ length: 5 }, () => layout.dense(1, PARAMETERS));
      const settings = layout.numbers(...rmsprop({ momentum: 0.9 }).settings(0, RATES));
      return (k) => {
        const mean = all ? a.address : 0, velocity = all ? b.address : 0;
        k.rmsprop(p.address, v.address, mean, velocity, g.address, settings.address, PARAMETERS);
      };
    }, all ? " centered, momentum" : "")
  ),
  adagrad: range("adagrad", PARAMETERS, 20, (layout) => {
    const [p, v, g] = Array.from({ length: 3 }, () => layout.dense(1, PARAMETERS));
    const settings = layout.numbers(...adagrad().settings(0, RATES));
    return (k) => k.adagrad(p.address, v.address, g.address, settings.address, PARAMETERS);
  }),
  average: range("average", PARAMETERS, 12, (layout) => {
    const a = layout.dense(1, PARAMETERS), p = layout.dense(1, PARAMETERS), mix = layout.numbers(1e-3);
    return (k) => k.average(a.address, p.address, mix.address, PARAMETERS);
  }),

  randomUniform: range("randomUniform", GATES * H, undefined, (layout) => {
    const y = layout.dense(1, GATES * H), bounds = layout.numbers(-1, 1);
    return (k) => k.randomUniform(y.address, bounds.address, GATES * H, 1, 0, 0, 0);
  }),
  randomNormal: range("randomNormal", GATES * H, undefined, (layout) => {
    const y = layout.dense(1, GATES * H);
    return (k) => k.randomNormal(y.address, GATES * H, 1, 0, 0, 0);
  }),
};

function weights(name: keyof Kernels, rows: number, columns: number, scene: Scene): Case[] {
  const elements = rows * columns;
  return [kernelCase("weights", `${name} ${brackets(rows, columns)}`, { elements, bytes: 8 * elements }, scene)];
}

function range(
  name: keyof Kernels,
  n: number,
  bytesPerElement: number | undefined,
  scene: Scene,
  variant = "",
): Case[] {
  const bytes = bytesPerElement && bytesPerElement * n;
  return [kernelCase("range", `${name}${variant} ${brackets(n)}`, { elements: n, bytes }, scene)];
}
