import type { Kernels } from "../kernels/kernels.ts";
import type { Slot } from "../memory/slot.ts";
import { requireSteps, requireValues } from "../ops/value.ts";
import type { Layer, PlannedState } from "./layer.ts";

/**
 * `pool` of a sequence that comes in pieces, forward only: the sum or the maximum so far is a state, carried from piece
 * to piece. The output after the last piece has the bits of `pool` on the whole sequence. The caller gives the first
 * states: see `firstPooling`.
 */
export function poolInPieces(width: number, how: "mean" | "max"): Layer {
  const isMean = how === "mean";
  return {
    name: `${how} pooling in pieces`,
    input: { kind: "values", width },
    output: { kind: "values", width, steps: "one" },
    parameters: {},
    states: [{ name: "pooled", width }, ...isMean ? [{ name: "share", width: 1 }] : []],

    plan(scope, x) {
      requireValues("plan a pooling layer", x);
      requireSteps("plan a pooling layer", x);
      const y = scope.activation("output", scope.batch, width);
      const pooled = scope.activation("pooled", scope.batch, width);
      const share = scope.activation("share of a step", scope.batch, 1);
      const step = scope.integers("step of the largest", scope.batch * width);
      const { stride: ldx } = x.value;
      function include(k: Kernels, t: number, rows: number, n: number): void {
        const { address, stride } = pooled;
        if (isMean) k.add(address, address, rows, n, width, stride, stride, ldx);
        else k.maximum(address, step.address, rows, t + 1, n, width, stride, width, ldx); // Step 0 would begin anew.
      }
      return {
        output: { kind: "values", width, steps: "one", value: y },
        states: [stateIn(scope.name("pooled"), pooled), ...isMean ? [stateIn(scope.name("share"), share)] : []],
        refresh() {},
        forward(k, { T, B, active }) {
          for (let t = 0; t < T && active(t); t++) include(k, t, x.value.step(t, B), active(t));
          if (isMean) {
            const { address, stride } = pooled;
            k.scaleRows(y.address, share.address, address, B, width, y.stride, share.stride, stride, 0);
          } else k.copy(y.address, pooled.address, B, width, y.stride, pooled.stride);
        },
        backward() {},
        gradients() {},
      };
    },
  };
}

/** The first states of `poolInPieces`, for sequences of these lengths. */
export function firstPooling(
  how: "mean" | "max",
  width: number,
  lengths: readonly number[],
): Record<string, Float32Array> {
  // -0 + x is x for every x, also for -0.
  const pooled = new Float32Array(lengths.length * width).fill(how === "mean" ? -0 : -Infinity);
  return how === "mean" ? { pooled, share: Float32Array.from(lengths, (length) => 1 / length) } : { pooled };
}

/** A state that stays in its place. */
function stateIn(name: string, slot: Slot): PlannedState {
  const address = () => slot.address;
  return {
    name,
    width: slot.columns,
    stride: slot.stride,
    first: address,
    last: address,
    gradient: { first: address, last: address },
  };
}
