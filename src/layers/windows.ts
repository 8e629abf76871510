import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { type BatchShape, forEachLength, requireSteps, type Resize, type Value } from "../ops/value.ts";
import type { PlannedState } from "./layer.ts";
import { resize } from "./resize.ts";

/** The steps that each output of a convolution or a pooling reads. */
export interface Geometry {
  /** Number of steps. */
  readonly kernel: number;
  /** Steps from one output to the next. */
  readonly strides: number;
  /** Steps from one step that an output reads to the next. */
  readonly dilation: number;
  /** Steps of zeros before the first step. */
  readonly left: number;
  /** Steps of zeros behind the last step. */
  readonly right: number;
}

/**
 * The lengths of the outputs, by PyTorch's formula: floor((L + left + right - dilation (kernel - 1) - 1) / strides) +
 * 1. Undefined: as many as steps.
 */
export function resizeOf(what: string, { kernel, strides, dilation, left, right }: Geometry): Resize | undefined {
  const lost = dilation * (kernel - 1) - left - right;
  return strides === 1 && !lost ? undefined : resize(what, (L) => Math.floor((L - lost - 1) / strides) + 1);
}

/**
 * A copy of a sequence with zeros before it, behind it and behind each row's length. The copy is in `strides` blocks:
 * block p has the steps p, p + strides, p + 2 strides, ... So the steps that all outputs read at one tap of the kernel
 * lie one behind the other: a tap is one matmul over all outputs.
 */
export interface Windows {
  /** The copy. */
  readonly value: Slot;
  /** The gradient of the copy, in training. */
  readonly gradient?: Slot;
  /** The steps before the first one, a state; none without `carried`. */
  readonly states: readonly PlannedState[];
  /** The largest number of outputs. */
  readonly steps: number;
  /** The first row of the copy that is read at a tap of the kernel, in a call of B rows. */
  row(tap: number, B: number): number;
  /** Fill the copy, and write the last state. */
  forward(k: Kernels, shape: BatchShape): void;
  /** Zero the gradient of the copy, but for that of the last state. */
  beginBackward(k: Kernels, shape: BatchShape): void;
  /** From the gradient of the copy, compute those of the input and of the first state. */
  endBackward(k: Kernels, shape: BatchShape): void;
}

/** Plans the copy of x. `carried`: the steps before the first one are a state of this name, instead of zeros. */
export function windows(scope: Scope, x: Value, geometry: Geometry, what: string, carried?: string): Windows {
  requireSteps(`plan ${what}`, x);
  const { strides, dilation, left, right } = geometry, { batch, train } = scope, { width } = x;
  const output = resizeOf(what, geometry)?.shape({ T: scope.steps, B: batch, active: () => batch, training: false });
  const blockSteps = Math.ceil((left + scope.steps + right) / strides);
  const rows = strides * blockSteps * batch;
  const value = scope.activation("padded input", rows, width);
  const gradient = train ? scope.activation("gradient of padded input", rows, width) : undefined;
  const state = carried && left ? planState(scope, carried, left * width) : undefined;

  /** The first row of step u of the copy. */
  function at(u: number, B: number): number {
    return ((u % strides) * blockSteps + Math.floor(u / strides)) * B;
  }
  /** Visit the rows of steps `from` to below `to`, at once when they lie one behind the other. */
  function forSteps(from: number, to: number, B: number, visit: (row: number, t: number, rows: number) => void): void {
    if (strides === 1) visit(at(from, B), 0, (to - from) * B);
    else for (let u = from; u < to; u++) visit(at(u, B), u - from, B);
  }
  /** Visit, in each row, the steps that the state behind the row's last step has. */
  function forLast(shape: BatchShape, visit: (step: number, row: number, first: number, rows: number) => void): void {
    forEachLength(shape, (length, first, rows) => {
      for (let i = 0; i < left; i++) visit(i, at(length + i, shape.B) + first, first, rows);
    });
  }
  return {
    value,
    gradient,
    states: state ? [state.planned] : [],
    steps: output?.T ?? scope.steps,
    row: (tap, B) => at(tap * dilation, B),

    forward(k, shape) {
      const { T, B, active } = shape, { stride } = value;
      const ld = x.value.stride;
      for (let u = 0; u < left; u++) {
        const to = value.at(at(u, B));
        if (!state) k.zero(to, B, width, stride);
        else k.copy(to, state.first.address + 4 * u * width, B, width, stride, state.first.stride);
      }
      forSteps(left, left + T, B, (row, t, m) => k.copy(value.at(row), x.value.at(t * B), m, width, stride, ld));
      for (let t = T - 1; t >= 0 && active(t) < B; t--) {
        k.zero(value.at(at(left + t, B) + active(t)), B - active(t), width, stride);
      }
      if (right) forSteps(left + T, left + T + right, B, (row, _, m) => k.zero(value.at(row), m, width, stride));
      if (!state) return;
      const { address, stride: lds } = state.last;
      forLast(
        shape,
        (i, row, first, m) => k.copy(address + 4 * (first * lds + i * width), value.at(row), m, width, lds, stride),
      );
    },

    beginBackward(k, shape) {
      const { T, B } = shape, { stride } = gradient!;
      forSteps(0, left + T + right, B, (row, _, m) => k.zero(gradient!.at(row), m, width, stride));
      if (!state) return;
      const { address, stride: lds } = state.dLast;
      forLast(
        shape,
        (i, row, first, m) => k.copy(gradient!.at(row), address + 4 * (first * lds + i * width), m, width, stride, lds),
      );
    },

    endBackward(k, { T, B, active }) {
      const { stride } = gradient!, dx = x.gradient;
      for (let u = 0; state && u < left; u++) {
        const { address, stride: lds } = state.dFirst;
        k.copy(address + 4 * u * width, gradient!.at(at(u, B)), B, width, lds, stride);
      }
      if (!dx) return;
      forSteps(left, left + T, B, (row, t, m) => k.copy(dx.at(t * B), gradient!.at(row), m, width, dx.stride, stride));
      for (let t = T - 1; t >= 0 && active(t) < B; t--) {
        k.zero(dx.at(t * B + active(t)), B - active(t), width, dx.stride);
      }
    },
  };
}

function planState(scope: Scope, name: string, width: number) {
  const slot = (what: string) => scope.activation(`${what}${name}`, scope.batch, width);
  const first = slot("first "), last = slot("last ");
  const [dFirst, dLast] = scope.train ? [slot("gradient of first "), slot("gradient of last ")] : [first, last];
  const planned: PlannedState = {
    name: scope.name(name),
    width,
    stride: first.stride,
    first: () => first.address,
    last: () => last.address,
    gradient: { first: () => dFirst.address, last: () => dLast.address },
  };
  return { first, last, dFirst, dLast, planned };
}
