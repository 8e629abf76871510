import type { Layer } from "../layers/layer.ts";
import { joinNeeds } from "../ops/needs.ts";
import { reverse } from "../ops/reverse.ts";

/**
 * A layer that reads each sequence from its last step to its first, as Keras's `go_backwards`: the steps of its output are in that
 * order too, padding stays behind.
 */
export function backwards(layer: Layer): Layer {
  return {
    ...layer,
    name: `${layer.name} against time`,
    description: undefined, // it is not what the layer in it is
    wholeSequence: "a layer that reads backwards",
    plan(scope, x) {
      const reversed = reverse(scope, x), planned = layer.plan(scope, reversed.output);
      return {
        ...planned,
        needs: joinNeeds(reversed.needs, planned.needs),
        forward(k, extent) {
          reversed.forward(k, extent);
          planned.forward(k, extent);
        },
        backward(k, extent) {
          if (x.gradient) k.zero(x.gradient.address, extent.T * extent.B, x.width, x.gradient.stride);
          planned.backward(k, extent);
          reversed.backward(k, extent); // adds
        },
      };
    },
  };
}
