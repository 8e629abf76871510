import type { CellDescription } from "../../cells/description.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import type { NamedActivation } from "../../ops/activation.ts";
import { type GateOrder, GATES, place } from "../gates.ts";
import type { RecurrentOperator } from "../recurrent_form.ts";
import { activationName } from "./activation.ts";
import type { AttributeValues } from "./attribute_values.ts";

/** The operator that is a cell over time. */
export interface OperatorForm {
  readonly operator: RecurrentOperator;
  readonly gates: GateOrder;
  /** Of one direction. */
  readonly functions: readonly NamedActivation[];
  readonly attributes: AttributeValues;
  /** Whether the first gate is one minus theirs, so that its weights change signs. */
  readonly mirrored?: true;
  /** The names of our input and recurrent weights. */
  readonly weights: readonly [string, string];
}

/** The nonlinearities that the operators have where none are given. */
const DEFAULTS = { RNN: "tanh", GRU: "sigmoid,tanh", LSTM: "sigmoid,tanh,tanh" };

const WEIGHTS = ["weight_ih", "weight_hh"] as const;

/** The operator of a cell; undefined: there is none. */
export function operatorForm(cell: CellDescription): OperatorForm | undefined {
  if (cell.kind === "notesLstm") return undefined;
  if (cell.kind === "notesGru") {
    const form = { operator: "GRU", gates: GATES.notesGru, functions: [], attributes: {} } as const;
    return { ...form, mirrored: true, weights: ["U", "W"] };
  }
  const { clip } = cell, clipped = { clip: clip === undefined ? undefined : { real: clip } };
  if (cell.kind === "elman") {
    const form = { operator: "RNN", gates: GATES.RNN, weights: WEIGHTS } as const;
    return { ...form, functions: [cell.activation], attributes: clipped };
  }
  if (cell.kind === "gru") {
    const { gates, candidate } = cell.activations,
      form = { operator: "GRU", gates: GATES.GRU, weights: WEIGHTS } as const;
    const attributes = { linear_before_reset: cell.reset === "after" ? 1 : undefined, ...clipped };
    return { ...form, functions: [gates, candidate], attributes };
  }
  const { gates, cell: input, hidden } = cell.activations, { coupled } = cell;
  return {
    operator: "LSTM",
    gates: coupled ? GATES.coupled : GATES.LSTM,
    functions: [gates, input, hidden],
    attributes: { input_forget: coupled ? 1 : undefined, ...clipped },
    weights: WEIGHTS,
  };
}

/** The attributes of a node, the functions once for each direction. alpha and beta go to those that have some. */
export function operatorAttributes(form: OperatorForm, hidden: number, directions: number): AttributeValues {
  const all = Array.from({ length: directions }, () => form.functions).flat();
  const plain = form.functions.every(({ name }, i) => name === DEFAULTS[form.operator].split(",")[i]);
  // `identity` is written as an affine function, and so has its numbers.
  const numbers = all.map((f) => f.name === "identity" ? { ...f, alpha: 1, beta: 0 } : f);
  const list = (key: "alpha" | "beta") => numbers.flatMap((f) => f[key] ?? []);
  const [alphas, betas] = [list("alpha"), list("beta")];
  return {
    hidden_size: hidden,
    direction: directions === 2 ? "bidirectional" : undefined,
    activations: plain ? undefined : all.map(activationName),
    activation_alpha: alphas.length ? { real: alphas } : undefined,
    activation_beta: betas.length ? { real: betas } : undefined,
    ...form.attributes,
  };
}

/** The operator's tensors of one direction: W, R, and where there are biases or peepholes B and P. */
export interface OperatorTensors {
  readonly W: Float32Array;
  readonly R: Float32Array;
  readonly B?: Float32Array;
  readonly P?: Float32Array;
}

/**
 * The tensors of one direction of a layer with H hidden units, its blocks in the operator's order. Of an LSTM whose
 * output is projected, h = W_hr m, the operator's state is m, and its R is W_hh W_hr.
 */
export function operatorTensors(
  { gates: { gates, order, peepholes }, weights: [input, recurrent], mirrored }: OperatorForm,
  tensor: (name: string) => TensorCopy | undefined,
): OperatorTensors {
  const placed = (data: Float32Array) => {
    const blocks = place(data, gates, order);
    return mirrored ? blocks.map((x, i) => i < blocks.length / gates ? -x : x) : blocks;
  };
  const [ih, hh] = [tensor("bias_ih"), tensor("bias_hh")],
    P = tensor("weight_peephole"),
    projection = tensor("weight_hr");
  const R = tensor(recurrent)!;
  return {
    W: placed(tensor(input)!.data),
    R: placed(projection ? multiplied(R, projection) : R.data),
    B: ih && hh && Float32Array.from([...placed(ih.data), ...placed(hh.data)]),
    P: P && place(P.data, 3, peepholes),
  };
}

/** a b, summed in double precision. */
function multiplied(a: TensorCopy, b: TensorCopy): Float32Array {
  const [m, k] = a.shape, [, n] = b.shape, product = new Float32Array(m * n);
  for (let i = 0; i < m * n; i++) {
    const row = Math.floor(i / n) * k, column = i % n;
    let sum = 0;
    for (let j = 0; j < k; j++) sum += a.data[row + j] * b.data[j * n + column];
    product[i] = sum;
  }
  return product;
}
