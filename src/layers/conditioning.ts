import { requireInteger } from "../errors.ts";
import { requireValues } from "../ops/value.ts";
import type { Layer, PlannedState } from "./layer.ts";

/**
 * The encoder of a decoder that is told one vector: takes values `[1, B, width]` and hands them on as its last states, `count`
 * times the same vector, one for each state of the decoder. With a dense bridge these begin at tanh(W v + b), so that what
 * is written depends on v from the first step on (as the image in Karpathy & Fei-Fei 2015, eq. 13 to 15, and Vinyals et al.
 * 2015, enters once, before all words).
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
      const { batch, train } = scope, first = scope.activation("first state", batch, width);
      const last = scope.activation("vector", batch, width);
      const gradient = (name: string) => train ? scope.activation(`gradient of ${name}`, batch, width) : last;
      const dOutput = gradient("output"), dLast = Array.from({ length: count }, (_, i) => gradient(`state ${i}`));
      // Nothing goes into a first state, and nothing flows back from it.
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
