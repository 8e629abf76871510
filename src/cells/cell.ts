import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { type Parameter, uniform } from "../ops/initialise.ts";
import type { Needs } from "../ops/needs.ts";
import type { RecurrentLinear, RecurrentLinearOptions } from "../ops/recurrent_linear.ts";
import type { ElmanSettings } from "./elman.ts";
import type { GruSettings } from "./gru_options.ts";
import type { LstmSettings } from "./lstm_options.ts";

/**
 * A recurrent cell: one step of a recurrence, forward and backward. The layer around it owns time and the input
 * projection z = x W_ihᵀ + b; the cell owns its recurrent product and its nonlinearity.
 *
 * H is the hidden size. Of the B rows of step t the first n take part; the cell leaves the others alone.
 */
export interface Cell {
  /** Names the equations, in saved models too: another variant has another name. */
  readonly name: string;
  /** What it is as plain data, for those that write it in another form. Default: it can only be used here. */
  readonly description?: CellDescription;
  /** Rows of the input weight for each hidden unit: the projection of x has `gates * H` columns. */
  readonly gates: number;
  /** Columns of z for each hidden unit, when the cell wants more of them than the projection fills. Default `gates`. */
  readonly columns?: number;
  /** The input weight's name. Default `weight_ih`. */
  readonly inputWeight?: string;
  /** Widths of the encoder's outputs that attention in the cell expects. Default: there is no attention. */
  readonly sourceWidths?: readonly number[];
  /** Widths of the carried states by name, the output first: `{ h: H, c: H }`. */
  states(H: number): Record<string, number>;
  /** What is trained, by PyTorch's names without the layer's suffix, the input weight `[gates * H, I]` among it. */
  parameters(I: number, H: number): Record<string, Parameter>;
  /** The cell in one layer's memory. */
  plan(space: CellContext): PlannedCell;
}

/** A cell as plain data, fit for JSON: its kind, and all options. */
export type CellDescription =
  | ElmanSettings & { readonly kind: "elman" }
  | GruSettings & { readonly kind: "gru" }
  | LstmSettings & { readonly kind: "lstm" }
  | { readonly kind: "notesGru" }
  | { readonly kind: "notesLstm" };

/** What the layer gives a cell to work with. A step is stored as B rows; step t reads state t and writes t + 1. */
export interface CellContext {
  /** Where the cell finds its parameters and reserves memory. */
  readonly scope: Scope;
  /** Hidden size. */
  readonly H: number;
  /** `[T * B, columns * H]`: the projection before the step; what the step leaves there is there again in backward. */
  readonly z: Slot;
  /** One slot a state, `[(T + 1) * B, width]`. Rows that took no part in the step before hold zeros. */
  readonly states: readonly Slot[];
  /**
   * Gradients of the states. Of the output: `[(T + 1) * B, width]`, block t + 1 complete when step t runs backward, and
   * left as it is; add to block t. Of the others: one block `[B, width]`, holding the gradient of state t + 1 before the step, of state t
   * after it. Backward only.
   */
  readonly gradients: readonly Slot[];
  /** The product of a weight `[rows, output's width]` with the output before each step, dropped out where asked. */
  product(weight: string, options?: RecurrentLinearOptions): RecurrentLinear;
  /** A slot of `[T * B, columns]` that forward fills and backward reads. Rows that do not take part hold zeros. */
  keep(name: string, columns: number): Slot;
}

/** A cell with its place in memory. */
export interface PlannedCell {
  /** What is added to the input projection, `[gates * H]`. */
  readonly bias?: Slot;
  /** The parts that others must write or read. Default none. */
  readonly needs?: Partial<Needs>;
  /** Renew what is derived from parameters. */
  refresh(k: Kernels): void;
  /** Step t: read z and state t, write state t + 1. */
  forward(k: Kernels, t: number, B: number, n: number): void;
  /** Step t: turn z into the gradient of z, pass the gradient of state t + 1 on to state t. */
  backward(k: Kernels, t: number, B: number, n: number): void;
  /** Add the gradients of all parameters but the input weight, over T * B rows; z is zero in rows that took no part. */
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
