import type { Cell } from "../../cells/cell.ts";
import { elman } from "../../cells/elman.ts";
import { gru } from "../../cells/gru.ts";
import { lstm } from "../../cells/lstm.ts";
import { FormatError, ShapeError } from "../../errors.ts";
import { ACTIVATION } from "../../kernels/activation_kinds.ts";
import { type ActivationName, completeActivation, type NamedActivation } from "../../ops/activation.ts";
import type { Attributes } from "../format/attributes.ts";
import { type GateOrder, GATES } from "../format/gates.ts";
import { WRONG_PROJECTION } from "../format/wrong_export.ts";
import { copyElements, type Inputs, isInteger, type OnnxTensor, sizeOf } from "../format/tensor.ts";
import { required } from "./operators/operator.ts";

/** A recurrent operator. */
export type RecurrentOperator = "RNN" | "GRU" | "LSTM";

/** Whether an operator is recurrent. */
export function isRecurrent(operator: string): operator is RecurrentOperator {
  return operator === "RNN" || operator === "GRU" || operator === "LSTM";
}

/** The default nonlinearities of one direction: f, g and h in ONNX's equations. */
const ACTIVATIONS = { RNN: ["tanh"], GRU: ["sigmoid", "tanh"], LSTM: ["sigmoid", "tanh", "tanh"] } as const;

/** For each value of the attribute `direction`, whether each direction of the node runs in reverse. */
const DIRECTIONS = new Map([["forward", [false]], ["reverse", [true]], ["bidirectional", [false, true]]]);

/** The attributes of a recurrent node. */
export interface RecurrentNode {
  readonly operator: RecurrentOperator;
  /** For each direction, whether it runs in reverse. */
  readonly directions: readonly boolean[];
  /** H; undefined when only the weights tell. */
  readonly hidden: number | undefined;
  /**
   * Layout 1: X `[B, T, I]`, states `[B, D, H]`, Y `[B, T, D, H]`. Otherwise X `[T, B, I]`, states `[D, B, H]`, Y
   * `[T, D, B, H]`.
   */
  readonly batchFirst: boolean;
  readonly gates: GateOrder;
  /** The cell of a direction. */
  cell(direction: number, bias: boolean, peepholes: boolean): Cell;
}

/**
 * Reads the attributes of RNN, GRU and LSTM (operator sets 7 to 22).
 *
 * @param label The name of the node in errors.
 * @throws {FormatError} When an attribute is unknown or has an invalid value.
 */
export function readRecurrentNode(label: string, operator: RecurrentOperator, attributes: Attributes): RecurrentNode {
  const refuse = (what: string) => new FormatError(`Cannot read ONNX: ${label} must have ${what}`);
  const direction = attributes.take("direction", "text") ?? "forward";
  const layout = attributes.int("layout", 0);
  const directions = DIRECTIONS.get(direction);
  if (!directions) throw refuse(`"direction" forward, reverse or bidirectional, got ${JSON.stringify(direction)}`);
  if (layout !== 0 && layout !== 1) throw refuse(`"layout" 0 or 1, got ${layout}`);
  const clip = attributes.take("clip", "float");
  if (clip !== undefined && !(clip > 0)) throw refuse(`a "clip" > 0, got ${clip}`);
  const hidden = attributes.take("hidden_size", "int");
  const functions = readActivations(operator, directions.length, attributes, refuse);
  const coupled = operator === "LSTM" && attributes.int("input_forget", 0) !== 0;
  const reset = operator === "GRU" && attributes.int("linear_before_reset", 0) !== 0 ? "after" : "before";
  attributes.requireAllRead();
  return {
    operator,
    directions,
    hidden,
    batchFirst: layout === 1,
    gates: GATES[coupled ? "coupled" : operator],
    cell(direction, bias, peepholes) {
      const [f, g, h] = functions[direction];
      if (operator === "RNN") return elman({ activation: f, clip, bias });
      if (operator === "GRU") return gru({ reset, clip, bias, activations: { gates: f, candidate: g } });
      return lstm({ peepholes, coupled, clip, bias, activations: { gates: f, cell: g, hidden: h } });
    },
  };
}

/**
 * The nonlinearities of each direction. The lists `activation_alpha` and `activation_beta` hold numbers, in order, for
 * the nonlinearities that have an alpha or a beta.
 */
function readActivations(
  operator: RecurrentOperator,
  directions: number,
  attributes: Attributes,
  refuse: (what: string) => FormatError,
): NamedActivation[][] {
  const defaults = ACTIVATIONS[operator];
  const count = defaults.length;
  const known = Object.keys(ACTIVATION) as ActivationName[];
  const names = attributes.take("activations", "texts");
  const alphas = [...attributes.take("activation_alpha", "floats") ?? []];
  const betas = [...attributes.take("activation_beta", "floats") ?? []];
  if (names && names.length !== count * directions) {
    throw refuse(`${count * directions} "activations", got ${names.length}`);
  }
  return Array.from({ length: directions }, (_, d) =>
    defaults.map((otherwise, i) => {
      const called = names?.[d * count + i] ?? otherwise;
      const name = known.find((name) => name !== "identity" && name.toLowerCase() === called.toLowerCase());
      if (!name) throw refuse(`known "activations", got ${JSON.stringify(called)}`);
      const { alpha, beta } = completeActivation("activations", name);
      return completeActivation("activations", {
        name,
        alpha: alpha === undefined ? undefined : alphas.shift() ?? alpha,
        beta: beta === undefined ? undefined : betas.shift() ?? beta,
      });
    }));
}

/** A parameter of a cell. */
export interface RecurrentParameter {
  readonly shape: number[];
  /** Writes the elements, and returns where. */
  fill(to: Float32Array): Float32Array;
}

/** The parameters with their elements. */
export function withData(
  parameters: Readonly<Record<string, RecurrentParameter>>,
): Record<string, { shape: number[]; data: Float32Array }> {
  const filled = Object.entries(parameters).map(([name, { shape, fill }]) => {
    return [name, { shape, data: fill(new Float32Array(sizeOf(shape))) }];
  });
  return Object.fromEntries(filled);
}

/** The sizes, cells and parameters of a recurrent node, from its inputs. */
export interface RecurrentInputs {
  readonly T: number;
  readonly B: number;
  readonly I: number;
  readonly H: number;
  readonly cells: readonly Cell[];
  /** The parameters of a direction's cell, by PyTorch's names without suffix. */
  parameters(direction: number): Readonly<Record<string, RecurrentParameter>>;
}

/**
 * Checks the inputs of a recurrent node against each other: X `[T, B, I]`, W `[D, gates H, I]`, R `[D, gates H, H]`, B
 * `[D, 2 gates H]`, sequence_lens `[B]`, initial_h and initial_c `[D, B, H]`, P `[D, 3 H]`. For X and the states in
 * layout 1 see `RecurrentNode.batchFirst`.
 *
 * @throws {ShapeError} When a shape or type is wrong.
 */
export function recurrentInputs(node: RecurrentNode, inputs: Inputs): RecurrentInputs {
  const { operator, batchFirst, hidden, directions: { length: D }, gates: { gates, order, peepholes } } = node;
  const [X, W, R] = [0, 1, 2].map((i) => required(inputs, i));
  const [, , , B, lengths, h, c, P] = inputs;
  const H = R.shape[2], I = W.shape[2];
  const rows = gates * H;
  const [steps, batch] = batchFirst ? [X.shape[1], X.shape[0]] : X.shape;
  const states = batchFirst ? [batch, D, H] : [D, batch, H];
  if (hidden !== undefined && hidden !== H) {
    throw new ShapeError(`"hidden_size" is ${hidden}, but R has shape [${R.shape}]`);
  }
  if (isInteger(X.type) || [W, R].some(({ type }) => type !== X.type)) {
    throw new ShapeError(`X, W and R must be floats of one type, got ${X.type}, ${W.type} and ${R.type}`);
  }
  requireShape("X", X, batchFirst ? [batch, steps, I] : [steps, batch, I]);
  requireShape("W", W, [D, rows, I]);
  requireShape("R", R, [D, rows, H]);
  if (B) requireShape("B", B, [D, 2 * rows]);
  if (lengths) requireShape("sequence_lens", lengths, [batch]);
  if (h && c && h.shape.at(-1) !== c.shape.at(-1)) throw new ShapeError(WRONG_PROJECTION);
  if (h) requireShape("initial_h", h, states);
  if (operator === "LSTM" && c) requireShape("initial_c", c, states);
  if (operator === "LSTM" && P) requireShape("P", P, [D, 3 * H]);
  const maxInputs = operator === "LSTM" ? 8 : 6;
  const extra = inputs.findIndex((input, i) => input && i >= maxInputs);
  if (extra >= 0) throw new ShapeError(`${operator} has at most ${maxInputs} inputs, got input ${extra}`);

  /** A parameter whose blocks of `size` elements are blocks of x, in the order of the cell, from an element on. */
  const blocks = (x: OnnxTensor, at: number, size: number, order: readonly number[], shape: number[]) => ({
    shape,
    fill(to: Float32Array) {
      order.forEach((block, i) => copyElements(x, at + block * size, to.subarray(...span(size, i))));
      return to;
    },
  });
  const weight = (x: OnnxTensor, d: number, columns: number) =>
    blocks(x, d * rows * columns, H * columns, order, [order.length * H, columns]);
  const parameters = (d: number) => {
    const bias = (half: number) => blocks(B!, (2 * d + half) * rows, H, order, [order.length * H]);
    return {
      weight_ih: weight(W, d, I),
      weight_hh: weight(R, d, H),
      ...(B && { bias_ih: bias(0), bias_hh: bias(1) }),
      ...(P && { weight_peephole: blocks(P, 3 * d * H, H, peepholes, [peepholes.length, H]) }),
    };
  };
  const cells = node.directions.map((_, d) => node.cell(d, B !== undefined, P !== undefined));
  return { T: steps, B: batch, I, H, cells, parameters };
}

/** The range of element numbers of part `index`, when each part has `size` elements. */
function span(size: number, index: number): [number, number] {
  return [index * size, (index + 1) * size];
}

function requireShape(name: string, { shape }: OnnxTensor, expected: readonly number[]): void {
  if (shape.join() === expected.join()) return;
  throw new ShapeError(`${name} must have shape [${expected.map((n) => n ?? "?")}], got [${shape}]`);
}
