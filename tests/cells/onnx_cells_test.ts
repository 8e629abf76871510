/** Cells with the options of ONNX's recurrent operators, against onnxruntime (see make_onnx_cells.py). */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  type Activation,
  type ActivationName,
  type Cell,
  compile,
  elman,
  gru,
  lstm,
  recurrent,
  type TensorCopy,
} from "../../mod.ts";
import cases from "../fixtures/cells/onnx_cells.json" with { type: "json" };

interface Options {
  activations?: string[];
  activation_alpha?: number[];
  activation_beta?: number[];
  clip?: number;
  peepholes?: boolean;
  input_forget?: number;
  linear_before_reset?: number;
}

const T = 4, B = 2, I = 3, H = 4;

/** `[..., n]` numbers, as make_onnx_cells.py has them. */
function numbers(n: number, seed: number): number[] {
  return Array.from({ length: n }, (_, i) => Math.fround(((i * 37 + seed * 11) % 97) / 48 - 1));
}

/** Blocks of a row-major tensor, in another order. */
function reorder(tensor: readonly number[], blocks: number, order: readonly number[]): number[] {
  const size = tensor.length / blocks;
  return order.flatMap((block) => tensor.slice(block * size, (block + 1) * size));
}

/** Gives alpha and beta, in order, to the nonlinearities that have them. */
function activations({ activations = [], activation_alpha = [], activation_beta = [] }: Options): Activation[] {
  const alphas = [...activation_alpha], betas = [...activation_beta];
  return activations.map((onnx): Activation => {
    const name = (onnx[0].toLowerCase() + onnx.slice(1)) as ActivationName;
    const hasAlpha = ["affine", "leakyRelu", "thresholdedRelu", "scaledTanh", "hardSigmoid", "elu"].includes(name);
    const hasBeta = ["affine", "scaledTanh", "hardSigmoid"].includes(name);
    return { name, alpha: hasAlpha ? alphas.shift() : undefined, beta: hasBeta ? betas.shift() : undefined };
  });
}

/** The cell, and the blocks of ONNX's weights and peepholes in our order. */
function cellOf(op: string, options: Options): { cell: Cell; gates: number; order: number[]; peepholes: number[] } {
  const { clip, peepholes = false, input_forget, linear_before_reset } = options, f = activations(options);
  if (op === "RNN") return { cell: elman({ activation: f[0], clip }), gates: 1, order: [0], peepholes: [] };
  if (op === "GRU") {
    const reset = linear_before_reset ? "after" : "before";
    const cell = gru({ reset, clip, activations: { gates: f[0], candidate: f[1] } });
    return { cell, gates: 3, order: [1, 0, 2], peepholes: [] }; // z, r, h
  }
  const coupled = input_forget === 1;
  const cell = lstm({ peepholes, coupled, clip, activations: { gates: f[0], cell: f[1], hidden: f[2] } });
  // i, o, f, c; peepholes i, o, f
  return { cell, gates: 4, order: coupled ? [0, 3, 1] : [0, 2, 3, 1], peepholes: coupled ? [0, 1] : [0, 2, 1] };
}

for (const { op, options, Y, Y_c } of cases as { op: string; options: Options; Y: string; Y_c?: string }[]) {
  Deno.test(`onnxruntime's ${op} ${JSON.stringify(options)}`, async () => {
    const { cell, gates, order, peepholes } = cellOf(op, options), rows = gates * H;
    using session = await compile(recurrent(cell, { input: I, hidden: H }), { batch: B, steps: T });
    const biases = numbers(2 * rows, 4);
    const tensors: Record<string, number[]> = {
      weight_ih_l0: reorder(numbers(rows * I, 2), gates, order),
      weight_hh_l0: reorder(numbers(rows * H, 3), gates, order),
      bias_ih_l0: reorder(biases.slice(0, rows), gates, order),
      bias_hh_l0: reorder(biases.slice(rows), gates, order),
      weight_peephole_l0: reorder(numbers(3 * H, 7), 3, peepholes),
    };
    const named = [...session.parameters()].map(([name, { shape }]): [string, TensorCopy] => {
      return [name, { shape, data: Float32Array.from(tensors[name]) }];
    });
    session.setParameters(new Map(named));
    const h = Float32Array.from(numbers(B * H, 5)), c = Float32Array.from(numbers(B * H, 6), (x) => 2 * x);
    const states: Record<string, Float32Array> = Y_c ? { h_l0: h, c_l0: c } : { h_l0: h };
    assertNear(session.forward(numbers(T * B * I, 1), { states }), Y);
    if (Y_c) assertNear(session.states().c_l0, Y_c);
  });
}

/** onnxruntime's functions have errors of a few units of 1e-7; sums have the roundings of their terms. */
function assertNear(got: ArrayLike<number>, text: string): void {
  const want = text.split(" ").map(Number);
  assertEquals(got.length, want.length);
  want.forEach((value, i) => assertAlmostEquals(got[i], value, 3e-6 * Math.max(1, Math.abs(value))));
}
