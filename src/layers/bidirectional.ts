import { ShapeError } from "../errors.ts";
import { type Merge, merge, mergedSignal } from "../ops/merge.ts";
import { joinNeeds } from "../ops/needs.ts";
import { oneStepShape } from "../ops/value.ts";
import { reverse } from "../ops/reverse.ts";
import type { Layer } from "./layer.ts";

/**
 * Two layers over the same input, one in the order of time, one against it (Schuster & Paliwal 1997), their outputs
 * merged: `"concat"` `[T, B, 2 H]`, `"sum"`, `"average"` or `"multiply"` `[T, B, H]`, or `"none"`, two sequences
 * `[2, T, B, H]`; without T where the layers give one row for a sequence. With lengths the second one starts at each row's own last step. It is a plain layer on a reversed
 * sequence, so its numbers are those of a plain run, bit for bit.
 *
 * @throws {ShapeError} When the widths of the two differ.
 */
export function bidirectional(ahead: Layer, back: Layer, how: Merge = "concat"): Layer {
  const { width, steps } = ahead.output;
  if (back.input.width !== ahead.input.width || back.output.width !== width) {
    throw new ShapeError(
      `Cannot make a bidirectional layer: both directions must take ${ahead.input.width} and give ${width} columns, ` +
        `the second takes ${back.input.width} and gives ${back.output.width}`,
    );
  }
  return {
    name: `${ahead.name} and ${back.name}, ${how}`,
    input: ahead.input,
    output: mergedSignal(how, ahead.output),
    parameters: { ...ahead.parameters, ...back.parameters },
    states: [...ahead.states ?? [], ...back.states ?? []],
    wholeSequence: "a bidirectional net",
    sourceWidths: [...ahead.sourceWidths ?? [], ...back.sourceWidths ?? []],

    plan(scope, x) {
      const first = ahead.plan(scope, x);
      const reversed = reverse(scope, x), second = back.plan(scope, reversed.port);
      const merged = merge(scope, how, first.output, second.output);
      return {
        output: merged.port,
        states: [...first.states, ...second.states],
        needs: joinNeeds(first.needs, reversed.needs, second.needs, merged.needs),
        refresh(k) {
          first.refresh(k);
          second.refresh(k);
        },
        forward(k, extent) {
          first.forward(k, extent);
          reversed.forward(k, extent);
          second.forward(k, extent);
          merged.forward(k, steps === "one" ? oneStepShape(extent) : extent);
        },
        backward(k, extent) {
          merged.backward(k, steps === "one" ? oneStepShape(extent) : extent);
          second.backward(k, extent);
          first.backward(k, extent);
          reversed.backward(k, extent); // adds to what `first` has left
        },
        gradients(k, extent) {
          second.gradients(k, extent);
          first.gradients(k, extent);
        },
      };
    },
  };
}
