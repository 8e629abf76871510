import type { Cell } from "../cells/cell.ts";
import { OptionError, requireInteger } from "../errors.ts";
import type { Parameter } from "../ops/initialise.ts";
import type { Port } from "../ops/port.ts";
import type { Layer, PlannedLayer } from "./layer.ts";
import { stacked } from "./stacked.ts";
import { unroll } from "./unroll.ts";

/** Options of `recurrent`. */
export interface RecurrentOptions {
  /** Width I of the input. */
  input: number;
  /** Hidden size H, or one for each layer, bottom to top. */
  hidden: number | readonly number[];
  /** Number of layers when `hidden` is one number. Default 1. */
  layers?: number;
}

/**
 * A recurrent layer, or a stack of them: any cell over time. Takes values or one-hot rows `[T, B, input]`, gives the top
 * layer's outputs `[T, B, hidden]`. Parameters have PyTorch's names: `weight_ih_l0` `[gates * H, I]`, `weight_hh_l0`
 * `[gates * H, H]`, `bias_ih_l0`, `bias_hh_l0`, then `_l1` and so on; states are named `h_l0`, `c_l0`, ...
 *
 * @throws {OptionError} When a size is not a positive integer, or `layers` contradicts `hidden`.
 *
 * @example
 * ```ts
 * import { gru, recurrent } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const rnn = recurrent(gru(), { input: 5, hidden: 7, layers: 2 });
 * assertEquals(rnn.parameters.weight_ih_l1.shape, [21, 7]);
 * ```
 */
export function recurrent(cell: Cell, { input, hidden, layers }: RecurrentOptions): Layer {
  requireInteger("input", input, 1);
  if (layers !== undefined) requireInteger("layers", layers, 1);
  const sizes = typeof hidden === "number" ? Array<number>(layers ?? 1).fill(hidden) : [...hidden];
  if (!sizes.length || (layers !== undefined && sizes.length !== layers)) {
    throw new OptionError(`"hidden" must have one size for each of the layers, got ${sizes.length}`);
  }
  sizes.forEach((size) => requireInteger("hidden", size, 1));
  return stacked(sizes.map((H, l) => single(cell, l ? sizes[l - 1] : input, H, `_l${l}`)));
}

/** One cell over time, its parameters and states named with a suffix. */
function single(cell: Cell, I: number, H: number, suffix: string): Layer {
  const parameters: Record<string, Parameter> = {};
  for (const [name, parameter] of Object.entries(cell.parameters(I, H))) parameters[name + suffix] = parameter;
  return {
    input: { kind: "values", width: I },
    output: { kind: "values", width: H },
    parameters,
    plan: (scope, x: Port): PlannedLayer => unroll(scope.within("", suffix), cell, x, H),
  };
}
