import type { Cell } from "../cells/cell.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { dropoutMask } from "../ops/dropout.ts";
import { joinNeeds } from "../ops/needs.ts";
import { projection } from "../ops/projection.ts";
import { recurrentLinear } from "../ops/recurrent_linear.ts";
import { type BatchShape, requireSteps, type Value } from "../ops/value.ts";
import type { PlannedLayer, PlannedState } from "./layer.ts";

/**
 * From this number of rows on, the input's matmuls run step by step, while z is still in the cache, and only for active
 * rows. Fewer rows fill the register tiles better all at once. A whole LSTM training step of 2 x 128: 2.5 % faster with
 * 32 and 50 rows, equal with 8 and 16 (Granite Rapids, Deno 2.9.6, 2026-11-22).
 */
const STEPWISE = 20;

/** Options of `unroll`. */
export interface UnrollOptions {
  /**
   * Rate of variational dropout on the output state where it enters the cell's matmuls: one mask for all steps.
   *
   * @default {0}
   */
  readonly recurrentDropout?: number;
  /**
   * Whether the initial states are parameters, named `initial_` and the state's name, instead of zeros.
   *
   * @default {false}
   */
  readonly learned?: boolean;
  /**
   * `"sequence"`: the output is `[T, B, H]`, every step's. `"last"`: `[B, H]`, that of each row's last step.
   *
   * @default {"sequence"}
   */
  readonly output?: "sequence" | "last";
}

/**
 * One cell unrolled over T steps: forward in time, then back-propagation through time (Werbos 1990).
 *
 * States are `[T + 1, B, width]`, block 0 the initial state. So the states before all steps are one block of rows, and
 * the gradient of W_hh is one matmul over T * B rows, like the gradient of the input weight. The gradient of the output
 * has two blocks in turn: step t reads the gradient of the state after the step, and adds to that of the state before
 * it. With `keepOutputGradients` all blocks stay in memory.
 *
 * Rows are sorted by length, so the active rows of a step are the first ones. When a row ends, its final state is
 * copied to `last`. Backward adds that state's gradient at the same step. In rows that are not active, outputs and
 * the gradients of z are zero.
 */
export function unroll(scope: Scope, cell: Cell, x: Value, H: number, options: UnrollOptions = {}): PlannedLayer {
  requireSteps("plan a recurrent layer", x);
  const { batch, steps, train } = scope;
  const columns = (cell.columns ?? cell.gates) * H;
  const z = scope.activation("z", steps * batch, columns);
  const widths = Object.entries(cell.states(H));
  // The output keeps its history, because the next layer reads it; other states keep theirs for backward only.
  const states = widths.map(([name, width], i) => scope.states(name, width, i === 0));
  const last = widths.map(([name, width]) => scope.activation(`last ${name}`, batch, width));
  const gradients = !train
    ? []
    : widths.map(([name, width], i) =>
      i === 0
        ? scope.outputGradients(`gradient of ${name}`, width)
        : scope.activation(`gradient of ${name}`, batch, width)
    );
  const [h] = states, [dh] = gradients;
  // The gradient of the last output has a slot of its own, read at each row's last step. The gradient of any other last
  // state is already in the block of that state's gradient, whose rows do not change before their last step.
  const dLast = gradients.map((slot, i) =>
    i === 0 ? scope.activation("gradient of last output", batch, h.columns) : slot
  );
  const { recurrentDropout = 0, learned = false, output = "sequence" } = options;
  const isLast = output === "last";
  const dOutput = train ? scope.activation("gradient of output", (isLast ? 1 : steps) * batch, h.columns) : undefined;
  const saved: Slot[] = [];
  function savedActivation(name: string, columns: number): Slot {
    const slot = scope.sequence(name, columns);
    saved.push(slot);
    return slot;
  }
  // A net that is only run never drops, and its kernels may have no random numbers.
  const drops = train && recurrentDropout > 0;
  const dropped = drops ? dropoutMask(scope, "recurrent", recurrentDropout, batch, h.columns) : undefined;
  const recurrentInput = { h, dh, mask: dropped?.slot, savedActivation };
  const planned = cell.plan({
    scope,
    H,
    z,
    states,
    gradients,
    savedActivation,
    recurrentLinear: (weight, options) => recurrentLinear(scope, scope.parameter(weight), recurrentInput, options),
  });
  const input = projection(scope, x, scope.parameter(cell.inputWeight ?? "weight_ih"), planned.bias);
  const dz = z.slice(0, cell.gates * H);
  const outputGradients = train && scope.keepOutputGradients ? [{ name: scope.layerName, gradient: dh }] : [];

  /** Zero the rows of step t that are not active. */
  function clearPadding(k: Kernels, slots: readonly Slot[], t: number, B: number, n: number): void {
    for (const slot of slots) k.zero(slot.at(slot.row(t, B) + n), B - n, slot.columns, slot.stride);
  }

  /**
   * Complete the gradient of the output of step t: (the gradient from step t + 1, or of the last output in the rows
   * that end here) + the gradient from the reader of the output. Each summand is a chain of its own, as in a sequence
   * that is cut after step t, where the first summand is the gradient of the last states. So segments have the bits
   * of the whole sequence. `next` is the number of active rows of step t + 1: rows `next` to n end at step t.
   */
  function completeOutputGradient(k: Kernels, t: number, B: number, n: number, next: number): void {
    const { columns, stride } = dh, to = dh.step(t + 1, B), ends = dh.row(t + 1, B) + next;
    if (n > next) k.copy(dh.at(ends), dLast[0].at(next), n - next, columns, stride, dLast[0].stride);
    if (!isLast) k.add(to, to, dOutput!.step(t, B), n, columns, stride, stride, dOutput!.stride);
  }

  return {
    output: {
      kind: "values",
      width: h.columns,
      steps: isLast ? "one" : "each",
      value: isLast ? last[0] : h.outputs,
      gradient: dOutput,
    },
    states: states.map((slot, i): PlannedState => ({
      name: scope.name(widths[i][0]),
      width: slot.columns,
      stride: slot.stride,
      first: (B) => slot.step(0, B),
      last: () => last[i].address,
      gradient: { first: (B) => gradients[i].step(0, B), last: () => dLast[i].address },
      learned: learned ? scope.parameter(`initial_${widths[i][0]}`) : undefined,
    })),
    needs: joinNeeds(dropped?.needs, planned.needs, { outputGradients }),

    refresh(k) {
      planned.refresh(k);
      input.refresh(k); // may copy the bias that the cell's refresh has summed
    },

    forward(k, shape) {
      const { T, B, active } = shape;
      dropped?.draw(k, shape, 1);
      const isStepwise = B >= STEPWISE && !planned.begin;
      if (!isStepwise) input.forward(k, z, 0, T * B);
      planned.begin?.(k, shape);
      for (let t = 0; t < T; t++) {
        const n = active(t), next = t + 1 < T ? active(t + 1) : 0;
        if (n && isStepwise) input.forward(k, z, t * B, n);
        if (n) planned.forward(k, t, B, n);
        if (n < B) {
          clearPadding(k, states, t + 1, B, n);
          clearPadding(k, saved, t, B, n);
        }
        if (n > next) {
          for (let i = 0; i < states.length; i++) {
            const slot = states[i], from = slot.at(slot.row(t + 1, B) + next);
            k.copy(last[i].at(next), from, n - next, slot.columns, slot.stride, slot.stride);
          }
        }
      }
    },

    backward(k, { T, B, active }: BatchShape) {
      if (isLast) {
        const { address, columns, stride } = dLast[0], { stride: ldo } = dOutput!;
        k.add(address, address, dOutput!.address, B, columns, stride, stride, ldo);
      }
      for (let t = T - 1, next = 0; t >= 0; t--) {
        const n = active(t);
        if (n) {
          completeOutputGradient(k, t, B, n, next);
          k.zero(dh.step(t, B), n, dh.columns, dh.stride);
          planned.backward(k, t, B, n);
        }
        if (n < B) clearPadding(k, [z], t, B, n);
        if (B >= STEPWISE) {
          if (n) input.backward(k, dz, t * B, n);
          if (n < B && x.gradient) clearPadding(k, [x.gradient], t, B, n);
        }
        next = n;
      }
      if (B < STEPWISE) input.backward(k, dz, 0, T * B);
    },

    gradients(k, { T, B }) {
      planned.gradients(k, T, B);
      input.gradient(k, dz, T * B);
    },
  };
}
