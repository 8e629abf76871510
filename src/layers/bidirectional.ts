import { ShapeError } from "../errors.ts";
import { type Merge, merge, mergedSpec } from "../ops/merge.ts";
import { joinNeeds } from "../ops/needs.ts";
import { reverse } from "../ops/reverse.ts";
import { oneStep } from "../ops/value.ts";
import { joinDeclarations } from "./declarations.ts";
import type { Layer } from "./layer.ts";

/**
 * Two layers over the same input, one forward and one backward in time (Schuster & Paliwal 1997), with their outputs
 * merged: `"concat"` `[T, B, 2 H]`; `"sum"`, `"average"` or `"multiply"` `[T, B, H]`; or `"none"`, two sequences
 * `[2, T, B, H]`. Without T where the layers give one row for a sequence.
 *
 * With lengths, the second layer starts at each row's last step. The second layer is a plain layer on a reversed
 * sequence, so its numbers are those of a plain run, bit for bit.
 *
 * @throws {ShapeError} When the widths of the two layers differ.
 */
export function bidirectional(forwardLayer: Layer, reverseLayer: Layer, mode: Merge = "concat"): Layer {
  const { width, steps } = forwardLayer.output;
  if (reverseLayer.input.width !== forwardLayer.input.width || reverseLayer.output.width !== width) {
    throw new ShapeError(
      `Cannot make a bidirectional layer: both directions must take ${forwardLayer.input.width} and give ${width} ` +
        `columns, the second takes ${reverseLayer.input.width} and gives ${reverseLayer.output.width}`,
    );
  }
  return {
    ...joinDeclarations([["", forwardLayer], ["", reverseLayer]]),
    name: `${forwardLayer.name} and ${reverseLayer.name}, ${mode}`,
    input: forwardLayer.input,
    output: mergedSpec(mode, forwardLayer.output),
    wholeSequence: "a bidirectional net",

    plan(scope, x) {
      const first = forwardLayer.plan(scope, x), reversed = reverse(scope, x);
      const second = reverseLayer.plan(scope, reversed.output);
      const merged = merge(scope, mode, first.output, second.output);
      return {
        output: merged.output,
        states: [...first.states, ...second.states],
        needs: joinNeeds(first.needs, reversed.needs, second.needs, merged.needs),
        refresh(k) {
          first.refresh(k);
          second.refresh(k);
        },
        forward(k, shape) {
          first.forward(k, shape);
          reversed.forward(k, shape);
          second.forward(k, shape);
          merged.forward(k, steps === "one" ? oneStep(shape) : shape);
        },
        backward(k, shape) {
          merged.backward(k, steps === "one" ? oneStep(shape) : shape);
          second.backward(k, shape);
          first.backward(k, shape);
          reversed.backward(k, shape); // adds to the gradient that `first` wrote
        },
        gradients(k, shape) {
          second.gradients(k, shape);
          first.gradients(k, shape);
        },
      };
    },
  };
}
