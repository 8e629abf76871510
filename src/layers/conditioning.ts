import { requireInteger } from "../errors.ts";
import { requireValues } from "../ops/value.ts";
import type { Layer, PlannedState } from "./layer.ts";

/**
 * The encoder of a decoder that is conditioned on one vector: takes values `[1, B, width]` and gives the vector as its
 * last states, `count` times, once for each state of the decoder. With a dense bridge the decoder's states start at
 * tanh(W v + b), so the output depends on v from the first step on. The image in Karpathy & Fei-Fei 2015, eq. 13 to 15,
 * and Vinyals et al. 2015 enters likewise: once, before all words.
 *
 * Backward: dv is the sum of the gradients of the states.
 */
export function conditioning(width: number, count: number): Layer {
  requireInteger("width", width, 1);
  requireInteger("count", count, 1);
  return {
    name: `conditioning ${count}`,
    input: { kind: "values", width },
    output: { kind: "values", width, steps: "one" },
    parameters: {},
    states: Array.from({ length: count }, (_, i) => ({ name: `condition_${i}`, width })),

    plan(scope, x) {
      requireValues("plan conditioning", x);
      const { batch, train } = scope;
      const first = scope.activation("first state", batch, width);
      const last = scope.activation("vector", batch, width);
      const gradient = (name: string) => train ? scope.activation(`gradient of ${name}`, batch, width) : last;
      const dOutput = gradient("output"), dLast = Array.from({ length: count }, (_, i) => gradient(`state ${i}`));
      // The layer does not read its first states, so their gradient is zero.
      const dFirst = train ? scope.activation("gradient of first state", batch, width) : first;
      const state = (i: number): PlannedState => ({
        name: scope.name(`condition_${i}`),
        width,
        stride: last.stride,
        first: () => first.address,
        last: () => last.address,
        gradient: { first: () => dFirst.address, last: () => dLast[i].address },
      });
      return {
        output: { kind: "values", width, steps: "one", value: last, gradient: dOutput },
        states: Array.from({ length: count }, (_, i) => state(i)),
        refresh() {},
        forward: (k, { B }) => k.copy(last.address, x.value.address, B, width, last.stride, x.value.stride),
        backward(k, { B }) {
          k.zero(dFirst.address, B, width, dFirst.stride);
          if (!x.gradient) return;
          const { address, stride } = x.gradient;
          k.copy(address, dOutput.address, B, width, stride, dOutput.stride);
          for (const d of dLast) k.add(address, address, d.address, B, width, stride, stride, d.stride);
        },
        gradients() {},
      };
    },
  };
}
