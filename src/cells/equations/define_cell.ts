import { saved } from "../cell.ts";
import { checkedCell } from "./checked_cell.ts";
import { equationsData } from "./data.ts";
import type { CellEquations, EquationsCell, Vectors } from "./equations_cell.ts";
import { printEquations } from "./print.ts";
import { readEquations } from "./read.ts";

/**
 * Lets `load` read saved models whose cell is given by equations, and `save` write them. `defineCell` does it too; a
 * program that only loads calls this function once.
 */
export function savedCells(): void {
  saved.write = ({ name, equations }) => equations && { ...equationsData(equations), name };
  saved.read = readEquations;
}

/** A cell of `defineCell`. */
export interface DefinedCell extends EquationsCell {
  /** The equations as the lecture notes print them, forward and backward. */
  toString(): string;
}

/**
 * A cell from the equations of its step. Backward follows from them by the chain rule, and `String(cell)` prints both.
 *
 * `step` runs once, on symbols: `x.f` is x U_f + b_f, the input's part of gate f; `W.f(v)` is v W_f, the product with
 * the gate's rows of the recurrent weight; a state's name is the state before the step. Values combine by `plus`,
 * `minus`, `times` and `divide`, with values or numbers, and by the functions of `StepFunctions`.
 *
 * @throws {OptionError} When the equations are not those of a cell.
 *
 * @example
 * ```ts
 * import { recurrent } from "@unroll/rnn";
 * import { defineCell } from "@unroll/rnn/cells";
 * import { assertEquals } from "@std/assert";
 *
 * const minimalGatedUnit = defineCell({
 *   name: "minimal-gated-unit",
 *   gates: ["f", "c"],
 *   states: ["h"],
 *   step({ x, W, h }, { sigmoid, tanh }) {
 *     const f = sigmoid(x.f.plus(W.f(h)));
 *     const c = tanh(x.c.plus(W.c(f.times(h))));
 *     return { h: h.plus(f.times(c.minus(h))) };
 *   },
 * });
 * assertEquals(recurrent(minimalGatedUnit, { input: 5, hidden: 7 }).parameters.weight_hh_l0.shape, [14, 7]);
 * ```
 */
export function defineCell<
  const G extends string,
  const S extends string,
  const V extends Vectors = Record<never, never>,
  const M extends string = never,
  const N extends string = never,
  const D extends string = never,
>(definition: CellEquations<G, S, V, M, N, D>): DefinedCell {
  savedCells();
  return withText(checkedCell(definition as unknown as Parameters<typeof checkedCell>[0]));
}

/** The cell with its equations as text. */
export function withText(cell: EquationsCell): DefinedCell {
  return { ...cell, toString: () => printEquations(cell.equations) };
}
