import type { Cell } from "../cells/cell.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { dropoutMask } from "../ops/dropout.ts";
import { joinNeeds } from "../ops/needs.ts";
import { type BatchShape, requireSteps, type Value } from "../ops/value.ts";
import { projection } from "../ops/projection.ts";
import { recurrentProduct } from "../ops/recurrent_linear.ts";
import type { PlannedLayer, PlannedState } from "./layer.ts";

/**
 * From so many rows on, the input's products are taken step by step, while z is still in the cache, and in active rows
 * only; fewer rows fill the register tiles better all at once.Whole LSTM training step of
 * 2 x 128: 2.5 % faster with 32 and 50 rows, equal with 8 and 16 (Granite Rapids, Deno 2.9.6, 2026-11-22).
 */
const STEPWISE = 20;

/** Options of `unroll`. */
export interface UnrollOptions {
  /** Rate of variational dropout on the output state where it enters the cell's products: one mask for all steps. Default 0. */
  readonly recurrentDropout?: number;
  /** Whether the initial states are parameters, `initial_` and the state's name. Default false: zeros. */
  readonly learned?: boolean;
  /** `"last"`: the output is `[B, H]`, that after the last step of each row. Default `"sequence"`: that of every step. */
  readonly output?: "sequence" | "last";
}

/**
 * One cell unrolled over T steps: forward in time, then back-propagation through time (Werbos 1990).
 *
 * States are `[T + 1, B, width]`, block 0 the initial state, so that the states before all steps are one block of rows and the
 * gradient of W_hh is one product over T * B rows; likewise the gradient of the input's weight. Of the gradient of the states
 * there are two blocks in turn: step t reads that of the states behind it, and adds to that of the states before it.
 * All of them are kept where the session is to tell the gradient's flow.
 *
 * Rows are sorted by length, so the rows that take part in a step are the first ones. A row's last state is put aside after
 * its own last step, and the gradient of it comes in there. In the other rows outputs are zero, and so are the gradients of z.
 */
export function unroll(scope: Scope, cell: Cell, x: Value, H: number, options: UnrollOptions = {}): PlannedLayer {
  requireSteps("plan a recurrent layer", x);
  const { batch, steps, train } = scope;
  const columns = (cell.columns ?? cell.gates) * H;
  const z = scope.activation("z", steps * batch, columns);
  const widths = Object.entries(cell.states(H));
  // The output keeps its history, being read by the next layer; other states only for backward.
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
  // The gradient of the last output waits in a place of its own for each row's last step; those of other states are one
  // block, whose rows stay as given until then.
  const dLast = gradients.map((slot, i) =>
    i === 0 ? scope.activation("gradient of last output", batch, h.columns) : slot
  );
  const { recurrentDropout = 0, learned = false, output = "sequence" } = options;
  const isLast = output === "last";
  const dOutput = train ? scope.activation("gradient of output", (isLast ? 1 : steps) * batch, h.columns) : undefined;
  const kept: Slot[] = [];
  function keep(name: string, columns: number): Slot {
    const slot = scope.sequence(name, columns);
    kept.push(slot);
    return slot;
  }
  // A net that is only run never drops, and its kernels may have no random numbers.
  const drops = train && recurrentDropout > 0;
  const dropped = drops ? dropoutMask(scope, "recurrent", recurrentDropout, batch, h.columns) : undefined;
  const source = { h, dh, mask: dropped?.slot, keep };
  const planned = cell.plan({
    scope,
    H,
    z,
    states,
    gradients,
    keep,
    product: (weight, options) => recurrentProduct(scope, scope.parameter(weight), source, options),
  });
  const input = projection(scope, x, scope.parameter(cell.inputWeight ?? "weight_ih"), planned.bias);
  const dz = z.slice(0, cell.gates * H);
  const outputGradients = train && scope.keepOutputGradients ? [{ name: scope.layerName, gradient: dh }] : [];

  /** Zero what padding rows of step t would leave to others. */
  function clearPadding(k: Kernels, slots: readonly Slot[], t: number, B: number, n: number): void {
    for (const slot of slots) k.zero(slot.at(slot.row(t, B) + n), B - n, slot.columns, slot.stride);
  }

  /**
   * The gradient of the states after step t: what has flowed back from step t + 1 or, of rows that end here, from their
   * last states, plus what the reader has left. Each of the two is a chain of its own, as it is where a sequence is cut
   * and the first comes in as the gradient of the last states: so pieces have the bits of the whole.
   */
  function gather(k: Kernels, t: number, B: number, n: number, began: number): void {
    const { columns, stride } = dh, to = dh.step(t + 1, B), ends = dh.row(t + 1, B) + began;
    if (n > began) k.copy(dh.at(ends), dLast[0].at(began), n - began, columns, stride, dLast[0].stride);
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
      input.refresh(k); // may copy the bias that the cell has just summed
    },

    forward(k, extent) {
      const { T, B, active } = extent;
      dropped?.draw(k, extent, 1);
      if (B < STEPWISE) input.forward(k, z, 0, T * B);
      for (let t = 0; t < T; t++) {
        const n = active(t), ended = t + 1 < T ? active(t + 1) : 0;
        if (n && B >= STEPWISE) input.forward(k, z, t * B, n);
        if (n) planned.forward(k, t, B, n);
        if (n < B) {
          clearPadding(k, states, t + 1, B, n);
          clearPadding(k, kept, t, B, n);
        }
        if (n > ended) {
          states.forEach((slot, i) => {
            const from = slot.at(slot.row(t + 1, B) + ended);
            k.copy(last[i].at(ended), from, n - ended, slot.columns, slot.stride, slot.stride);
          });
        }
      }
    },

    backward(k, { T, B, active }: BatchShape) {
      if (isLast) {
        const { address, columns, stride } = dLast[0], { stride: ldo } = dOutput!;
        k.add(address, address, dOutput!.address, B, columns, stride, stride, ldo);
      }
      for (let t = T - 1, began = 0; t >= 0; t--) {
        const n = active(t);
        if (n) {
          gather(k, t, B, n, began);
          k.zero(dh.step(t, B), n, dh.columns, dh.stride);
          planned.backward(k, t, B, n);
        }
        if (n < B) clearPadding(k, [z], t, B, n);
        if (B >= STEPWISE) {
          if (n) input.backward(k, dz, t * B, n);
          if (n < B && x.gradient) clearPadding(k, [x.gradient], t, B, n);
        }
        began = n;
      }
      if (B < STEPWISE) input.backward(k, dz, 0, T * B);
    },

    gradients(k, { T, B }) {
      planned.gradients(k, T, B);
      input.gradient(k, dz, T * B);
    },
  };
}
