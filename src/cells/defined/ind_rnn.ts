import { defineCell, type DefinedCell } from "../equations/define_cell.ts";
import { uniform } from "../../ops/initialise.ts";

/**
 * The independently recurrent net (Li, Li, Cook, Zhu & Gao 2018, "Independently recurrent neural network"): each unit
 * reads its own state alone.
 *
 *     h = max(x U + b + u h', 0)                     u is a vector, h' the state before the step
 *
 * A step has no matmul. The weights u begin uniform in ±1, as in the paper for long sequences. Stacks of many layers
 * mix the units.
 *
 * @example
 * ```ts
 * import { recurrent } from "@unroll/rnn";
 * import { indRnn } from "@unroll/rnn/cells";
 * import { assertEquals } from "@std/assert";
 *
 * const { parameters } = recurrent(indRnn(), { input: 5, hidden: 7, layers: 2 });
 * assertEquals(parameters.u_l1.shape, [7]);
 * ```
 */
export function indRnn(): DefinedCell {
  return defineCell({
    name: "ind-rnn",
    gates: ["z"],
    states: ["h"],
    bias: "one",
    vectors: { u: { initial: uniform(1) } },
    step: ({ x, h, u }, { relu }) => ({ h: relu(x.z.plus(u.times(h))) }),
  });
}
