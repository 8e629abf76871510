import { OptionError, requireNumbers, ShapeError } from "../errors.ts";
import type { InitialStates, PackedBatch, States } from "./packed_batch.ts";
import type { NetPlan } from "./plan.ts";

/**
 * @param last The batch of the last call, whose states `"carry"` carries on.
 * @throws {OptionError} When the initial states are of no kind, or cannot be carried.
 * @throws {ShapeError} When the states are not those of the net, B rows each.
 */
export function checkInitialStates(
  { layer, decoderInput }: Pick<NetPlan, "layer" | "decoderInput">,
  { B }: PackedBatch,
  initial: InitialStates,
  last: PackedBatch | undefined,
): void {
  if (typeof initial === "object" && initial) return checkStates("states", layer.states, initial, B);
  if (initial === "carry" && decoderInput) {
    throw new OptionError("Cannot carry states: a net with a decoder sees every sequence whole");
  }
  if (initial !== "zero" && initial !== "carry") {
    throw new OptionError(`"states" must be "zero", "carry" or states by name, got ${JSON.stringify(initial)}`);
  }
  if (initial === "carry" && last && last.B !== B) {
    throw new ShapeError(
      `Cannot carry states: the call before had ${last.B} rows, this one has ${B}; expected as many, or "zero" states`,
    );
  }
}

/**
 * @param what The argument, for errors.
 * @throws {ShapeError} When the states are not those expected, with B rows each.
 */
export function checkStates(
  what: string,
  expected: readonly { name: string; width: number }[],
  states: States,
  B: number,
): void {
  const names = new Set(expected.map((state) => state.name));
  const unknown = Object.keys(states).find((name) => !names.has(name));
  if (unknown) {
    throw new ShapeError(`Cannot use "${what}": the net has no state "${unknown}", it has ${[...names].join(", ")}`);
  }
  for (const { name, width } of expected) {
    const length = states[name] && requireNumbers(name, states[name]).length;
    if (length === B * width) continue;
    throw new ShapeError(
      `Cannot use "${what}": "${name}" must have ${B} rows of ${width} elements, got ${length ?? "none"}`,
    );
  }
}
