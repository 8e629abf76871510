import { type Check, requireMade } from "../options.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { type Parameter, uniform } from "../ops/initialise.ts";
import type { Needs } from "../ops/needs.ts";
import type { RecurrentLinear, RecurrentLinearOptions } from "../ops/recurrent_linear.ts";
import type { BatchShape } from "../ops/value.ts";
import type { CellDescription } from "./description.ts";
import type { Equations } from "./equations/trace.ts";

/**
 * A recurrent cell: one step of a recurrence, forward and backward. The layer around the cell owns time and the input
 * projection z = x W_ihᵀ + b. The cell owns its recurrent matmul and its nonlinearity.
 *
 * H is the hidden size. Of the B rows of step t the first n are active; the cell does not touch the other rows.
 */
export interface Cell {
  /** Name of the equations, in saved models too. A variant has another name. */
  readonly name: string;
  /** The cell as plain data, for writers of other formats. Default: the cell has no form outside of this library. */
  readonly description?: CellDescription;
  /** The equations of `defineCell`, which saved models have. Default: the cell is written by hand. */
  readonly equations?: Equations;
  /** Rows of the input weight for each hidden unit: the projection of x has `gates * H` columns. */
  readonly gates: number;
  /**
   * Columns of z for each hidden unit, when the cell uses more columns than the projection fills.
   *
   * @default {gates}
   */
  readonly columns?: number;
  /**
   * Name of the input weight.
   *
   * @default {"weight_ih"}
   */
  readonly inputWeight?: string;
  /** Widths of the encoder outputs that attention in the cell expects. Default: the cell has no attention. */
  readonly sourceWidths?: readonly number[];
  /** Widths of the carried states by name, the output first: `{ h: H, c: H }`. */
  states(H: number): Record<string, number>;
  /** The parameters by PyTorch's names without the layer's suffix, including the input weight `[gates * H, I]`. */
  parameters(I: number, H: number): Record<string, Parameter>;
  /** Plan the cell in one layer's memory. */
  plan(context: CellContext): PlannedCell;
}

/**
 * The memory and operations that a layer gives to its cell. A step is a block of B rows. Step t reads state t and
 * writes state t + 1.
 */
export interface CellContext {
  /** Gives the cell its parameters and memory. */
  readonly scope: Scope;
  /** Hidden size. */
  readonly H: number;
  /**
   * `[T * B, columns * H]`. Before step t: the projection. The values that the step leaves are there again in
   * backward.
   */
  readonly z: Slot;
  /** Whether the projection is complete only at its step, because something else is added. @default {false} */
  readonly isStepwise?: boolean;
  /** One slot for each state, `[(T + 1) * B, width]`. Rows that were not active in the step before are zero. */
  readonly states: readonly Slot[];
  /**
   * Gradients of the states, in backward only. The gradient of the output is `[(T + 1) * B, width]`: when step t runs
   * backward, block t + 1 is complete; the cell does not change block t + 1, and adds to block t. The gradient of any
   * other state is one block `[B, width]`: the gradient of state t + 1 before the step, of state t after the step.
   */
  readonly gradients: readonly Slot[];
  /**
   * The matmul of a weight `[rows, output width]` with the output before each step, under the recurrent dropout mask.
   */
  recurrentLinear(weight: string, options?: RecurrentLinearOptions): RecurrentLinear;
  /** A slot `[T * B, columns]` that forward fills and backward reads. Rows that are not active are zero. */
  savedActivation(name: string, columns: number): Slot;
}

/** A cell with its place in memory. */
export interface PlannedCell {
  /** Bias `[gates * H]` of the input projection. */
  readonly bias?: Slot;
  /** The slots that the session or another layer must write or read. Default: none. */
  readonly needs?: Partial<Needs>;
  /** Renew the copies that are derived from parameters. */
  refresh(k: Kernels): void;
  /** Before step 0, when z has the projection of all steps. Default: nothing. */
  readonly begin?: (k: Kernels, shape: BatchShape) => void;
  /** Step t: read z and state t, write state t + 1. */
  forward(k: Kernels, t: number, B: number, n: number): void;
  /** Step t: turn z into the gradient of z, and pass the gradient of state t + 1 on to state t. */
  backward(k: Kernels, t: number, B: number, n: number): void;
  /**
   * Add the gradients of all parameters but the input weight, over T * B rows. z is zero in rows that are not active.
   */
  gradients(k: Kernels, T: number, B: number): void;
}

/**
 * PyTorch's parameters of a cell: weights `[gates * H, ...]` and two biases, all uniform in ±1 / sqrt(H). `output` is
 * the width of the state that the recurrent weight multiplies.
 */
export function gateParameters(
  gates: number,
  I: number,
  H: number,
  bias: boolean,
  output = H,
): Record<string, Parameter> {
  const initial = uniform(1 / Math.sqrt(H)), rows = gates * H;
  const weights = { weight_ih: { shape: [rows, I], initial }, weight_hh: { shape: [rows, output], initial } };
  if (!bias) return weights;
  return { ...weights, bias_ih: { shape: [rows], initial }, bias_hh: { shape: [rows], initial } };
}

/**
 * What writes and reads the equations of a saved model's cell: `savedCells` of entry ./cells sets it, so that a program
 * without such cells loads nothing for them.
 */
export const saved: { write?: (cell: Cell) => unknown; read?: (equations: unknown) => Cell } = {};

/** The check of an argument that is a cell. */
export const cell: Check<Cell> = (name, value) => requireMade(name, value, "gates", "a cell, such as lstm()");
