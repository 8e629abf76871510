import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import type { Parameter } from "../ops/initialise.ts";

/**
 * A recurrent cell: one step of a recurrence, forward and backward. The layer around it owns time and the input projection
 * z = x W_ihᵀ + b; the cell owns its recurrent product and its nonlinearity.
 *
 * H is the hidden size. States are `[B, H]` each; the first one is the output of the step.
 */
export interface Cell {
  /** Names the equations, in saved models too: another variant has another name. */
  readonly name: string;
  /** Names of the carried states, the output first: `["h"]`, `["h", "c"]`. */
  readonly states: readonly string[];
  /** Rows of `weight_ih` for each hidden unit: the projection of x has `gates * H` columns. */
  readonly gates: number;
  /** Columns of z for each hidden unit, when the cell wants more of them than the projection fills. Default `gates`. */
  readonly columns?: number;
  /** What is trained, by PyTorch's names without the layer's suffix; `weight_ih` `[gates * H, I]` is required. */
  parameters(I: number, H: number): Record<string, Parameter>;
  /** The cell in one layer's memory. */
  plan(space: CellSpace): PlannedCell;
}

/** What the layer gives a cell to work with. Steps are stored B rows each; state t is what step t reads, t + 1 what it writes. */
export interface CellSpace {
  /** Where the cell finds its parameters and reserves what it keeps. */
  readonly scope: Scope;
  /** Hidden size. */
  readonly H: number;
  /** `[T * B, columns * H]`: holds the projection before the step; what the step leaves there is there again in backward. */
  readonly z: Slot;
  /** One slot a state, `[(T + 1) * B, H]`. */
  readonly states: readonly Slot[];
  /**
   * Gradients of the states. Of the output: `[(T + 1) * B, H]`, row block t + 1 complete when step t runs backward; add to
   * block t. Of the others: one block `[B, H]`, holding the gradient of state t + 1 before the step, of state t after it.
   */
  readonly gradients: readonly Slot[];
}

/** A cell with its place in memory. */
export interface PlannedCell {
  /** What is added to the input projection, `[gates * H]`. */
  readonly bias?: Slot;
  /** Renew what is derived from parameters. */
  refresh(k: Kernels): void;
  /** Step t of B rows: read z and state t, write state t + 1. */
  forward(k: Kernels, t: number, B: number): void;
  /** Step t: turn z into the gradient of z, pass the gradient of state t + 1 on to state t. */
  backward(k: Kernels, t: number, B: number): void;
  /** Add the gradients of all parameters but `weight_ih`, over the rows of T steps. */
  gradients(k: Kernels, T: number, B: number): void;
}
