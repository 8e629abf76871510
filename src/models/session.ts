import { DisposedError, NonFiniteError, OptionError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Arena } from "../memory/arena.ts";
import type { ParameterSlot, PlanRow } from "../memory/planner.ts";
import type { Extent } from "../ops/port.ts";
import { apply, measure } from "../training/clip.ts";
import { Border } from "./border.ts";
import type { NetPlan } from "./plan.ts";

/** A tensor outside the session's memory: a copy. `data` is row-major. */
export interface TensorCopy {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** States by name (`rnn.h_l0`), each `[B, H]`. */
export type States = Record<string, Float32Array>;

/** Where a sequence starts from: zeros, the last states of the call before, or given states (all of them). */
export type InitialStates = "zero" | "carry" | States;

/** Options of a call. */
export interface CallOptions {
  /** Rows B of this call, at most the session's `batch`, which is the default. T follows from the length of x. */
  batch?: number;
  /** Default `"zero"`. */
  states?: InitialStates;
}

/**
 * A compiled net: parameters, gradients, optimizer moments and activations in one memory, and the calls that compute in it.
 * Made by `compile`. What it returns is a copy. Sequences are time-major, `[T, B, ...]`.
 */
export class Session implements Disposable {
  readonly #plan: NetPlan;
  readonly #kernels: Kernels;
  readonly #border: Border;
  #counter: { next(): readonly number[] } | undefined;
  #last: Extent | undefined;
  #disposed = false;

  constructor(plan: NetPlan, kernels: Kernels, arena: Arena) {
    this.#plan = plan;
    this.#kernels = kernels;
    this.#border = new Border(plan, arena);
    const seed = plan.options.seed ?? 0;
    const draw = {
      bounds: plan.settings,
      write: this.#border.write,
      seed: [seed | 0, Math.floor(seed / 2 ** 32) | 0] as const,
    };
    plan.planner.parameters.forEach(({ value }, stream) => plan.initial[stream](kernels, { ...draw, value, stream }));
    this.#counter = plan.options.optimizer?.begin();
    plan.layer.refresh(kernels);
  }

  /** Every slot of the memory with its group and bytes, in the order of addresses. */
  get plan(): readonly PlanRow[] {
    return this.#plan.planner.table();
  }

  /** Size of the memory in bytes. */
  get bytes(): number {
    return this.#plan.bytes;
  }

  /** Largest B of a call. */
  get batch(): number {
    return this.#plan.options.batch;
  }

  /** Largest T of a call. */
  get steps(): number {
    return this.#plan.options.steps;
  }

  /**
   * Run a sequence. x is tokens `[T, B]` or values `[T, B, input]`; returns the outputs `[T, B, output]`.
   *
   * @throws {ShapeError} When x does not divide into steps, or has more of them than the session was compiled for.
   */
  forward(x: ArrayLike<number>, options: CallOptions = {}): Float32Array {
    const extent = this.#begin(x, options);
    this.#plan.layer.forward(this.#kernels, extent);
    return this.#border.read(this.#plan.layer.output.value, extent.T * extent.B);
  }

  /**
   * Back-propagate through the last `forward`: dOutput `[T, B, output]` is the gradient of one's own loss, `dStates` those of the
   * last states. Parameter gradients are then in `gradients()`; returned are those of x (values only) and of the initial states.
   */
  backward(dOutput: ArrayLike<number>, dStates: States = {}): { dx: Float32Array | undefined; dStates: States } {
    const { layer, input } = this.#training("backward");
    const extent = this.#last;
    if (!extent) throw new OptionError("Cannot run backward: there was no forward before it");
    const rows = extent.T * extent.B;
    this.#border.clearGradients(this.#kernels, extent);
    this.#border.writeRows("dOutput", layer.output.gradient!, dOutput, rows);
    this.#border.writeLastGradients(extent, dStates);
    layer.backward(this.#kernels, extent);
    layer.gradients(this.#kernels, extent);
    const dx = input.gradient && this.#border.read(input.gradient, rows);
    return { dx, dStates: this.#border.initialGradients(extent) };
  }

  /**
   * One training step: forward, loss, back-propagation through time, clipping, update. y `[T, B]` holds a class for each row.
   * `loss` is the mean over the rows that count, `gradientNorm` the norm before clipping.
   *
   * @throws {NonFiniteError} When the loss or the norm is not finite; the parameters are untouched.
   */
  step(
    { x, y }: { x: ArrayLike<number>; y: ArrayLike<number> },
    options: CallOptions = {},
  ): { loss: number; gradientNorm: number } {
    const { layer, norm, planner, settings, moments } = this.#training("step");
    const { optimizer, clip } = this.#plan.options;
    if (!optimizer || !this.#counter) {
      throw new OptionError('Cannot step: the session was compiled without "optimizer"');
    }
    const k = this.#kernels;
    const extent = this.#begin(x, options);
    const measured = this.#measure(extent, y, true);
    const n = planner.elements, { value, gradient } = planner.ranges;
    this.#border.clearGradients(k, extent);
    layer.backward(k, extent);
    layer.gradients(k, extent);
    this.#border.write(norm.limit, [clip?.limit ?? Infinity]);
    measure(k, norm, gradient, n);
    const gradientNorm = this.#border.scalar(norm.norm);
    requireFinite("loss", measured.loss);
    requireFinite("gradient norm", gradientNorm);
    if (clip) apply(k, norm, clip, gradient, n);
    this.#border.write(settings, this.#counter.next());
    optimizer.update(k, value, gradient, settings.address, moments.map((slot) => slot.address), n);
    layer.refresh(k);
    return { loss: measured.loss, gradientNorm };
  }

  /** The loss alone, without gradients: mean over the `count` rows that count. */
  evaluate(
    { x, y }: { x: ArrayLike<number>; y: ArrayLike<number> },
    options: CallOptions = {},
  ): { loss: number; count: number } {
    return this.#measure(this.#begin(x, options), y, false);
  }

  /**
   * Run a sequence and take the softmax of its outputs divided by `temperature` (above 0, default 1): `[T, B, output]`
   * probabilities.
   */
  probabilities(x: ArrayLike<number>, options: CallOptions & { temperature?: number } = {}): Float32Array {
    const { temperature = 1 } = options;
    if (!(temperature > 0)) throw new OptionError(`"temperature" must be a number > 0, got ${temperature}`);
    const extent = this.#begin(x, options);
    const { layer, settings } = this.#plan, { address, stride, columns } = layer.output.value;
    const rows = extent.T * extent.B;
    layer.forward(this.#kernels, extent);
    this.#border.write(settings, [1 / temperature]);
    this.#kernels.softmax(address, address, settings.address, rows, columns, stride, stride);
    return this.#border.read(layer.output.value, rows);
  }

  /** Copies of the states after the last call, `[B, H]` each. */
  states(): States {
    return this.#last ? this.#border.finalStates(this.#last) : {};
  }

  /** Copies of all parameters by name, in PyTorch's shapes. */
  parameters(): Map<string, TensorCopy> {
    this.#alive();
    return this.#copies((slot) => slot.value);
  }

  /** Copies of all gradients of the last `backward` or `step` (clipped, after a step). */
  gradients(): Map<string, TensorCopy> {
    return this.#training("read gradients") && this.#copies((slot) => slot.gradient);
  }

  /**
   * Replace all parameters. Nothing changes unless every name and shape fits.
   *
   * @throws {ShapeError} When names or shapes differ; all differences are listed.
   */
  setParameters(tensors: ReadonlyMap<string, { shape: readonly number[]; data: ArrayLike<number> }>): void {
    this.#alive();
    this.#border.setParameters(tensors);
    this.#plan.layer.refresh(this.#kernels);
  }

  /** Give up the memory; every later call throws DisposedError. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#border.release();
  }

  #alive(): void {
    if (this.#disposed) throw new DisposedError("Cannot use this session: it was disposed");
  }

  #training(what: string): NetPlan {
    this.#alive();
    if (this.#plan.options.train) return this.#plan;
    throw new OptionError(`Cannot ${what}: the session was compiled without "train" or "optimizer"`);
  }

  #begin(x: ArrayLike<number>, { batch: B = this.batch, states = "zero" }: CallOptions): Extent {
    this.#alive();
    const extent = this.#border.writeInput(x, B);
    this.#border.writeStates(this.#kernels, extent, states, this.#last);
    this.#last = extent;
    return extent;
  }

  #measure(extent: Extent, y: ArrayLike<number>, gradient: boolean): { loss: number; count: number } {
    const { loss, layer } = this.#plan;
    if (!loss) throw new OptionError('Cannot measure a loss: the session was compiled without "loss"');
    const rows = extent.T * extent.B;
    const count = this.#border.writeTargets(loss, y, rows);
    layer.forward(this.#kernels, extent);
    loss.forward(this.#kernels, rows, gradient);
    return { loss: this.#border.scalar(loss.total) / count, count };
  }

  #copies(which: (slot: ParameterSlot) => ParameterSlot["value"]): Map<string, TensorCopy> {
    return new Map(
      this.#plan.planner.parameters.map((slot) => [
        slot.name,
        { shape: slot.shape, data: this.#border.read(which(slot), 1) },
      ]),
    );
  }
}

function requireFinite(what: string, value: number): void {
  if (!Number.isFinite(value)) {
    throw new NonFiniteError(`Cannot update the parameters: the ${what} is ${value}, expected a finite number`);
  }
}
