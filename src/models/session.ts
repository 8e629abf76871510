import { NonFiniteError, OptionError, requireInteger } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Arena } from "../memory/arena.ts";
import { type ParameterSlot, type PlanRow, seedWords } from "../memory/planner.ts";
import { apply, measure } from "../training/clip.ts";
import { Border } from "./border.ts";
import type { CallOptions, States } from "./call.ts";
import { type Data, Passes } from "./passes.ts";
import type { NetPlan } from "./plan.ts";
import { recomputedGradients } from "./recompute.ts";
import { Stream } from "./stream.ts";
import { summary } from "./summary.ts";

/** A tensor outside the session's memory: a copy. `data` is row-major. */
export interface TensorCopy {
  /** PyTorch's shape. */
  readonly shape: readonly number[];
  /** All elements, row-major. */
  readonly data: Float32Array;
}

/**
 * A compiled net: parameters, gradients, optimizer moments and activations in one memory, and the calls that compute in it.
 * Made by `compile`. What it returns is a copy. Sequences are time-major, `[T, B, ...]`.
 */
export class Session implements Disposable {
  readonly #plan: NetPlan;
  readonly #border: Border;
  readonly #passes: Passes;
  readonly #settings: { next(): readonly number[] } | undefined;

  /** Sessions are made by `compile`. */
  constructor(plan: NetPlan, kernels: Kernels, arena: Arena) {
    this.#plan = plan;
    this.#border = new Border(plan, arena);
    this.#passes = new Passes(plan, kernels, this.#border);
    for (const { slot, numbers } of plan.planner.constants) this.#border.write(slot, numbers);
    const { write, readFlat: read } = this.#border;
    const draw = { bounds: plan.settings, read, write, seed: seedWords(plan.planner.seed) };
    plan.planner.parameters.forEach((parameter, stream) =>
      plan.initial[stream](kernels, { ...draw, value: parameter.value, shape: parameter.shape, stream })
    );
    this.#settings = plan.options.optimizer?.begin();
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
   * Run a sequence. x is tokens `[T, B]` or values `[T, B, input]`; returns the outputs `[T, B, output]`; `[B, output]`
   * where the net gives the last one alone; `[2, ...]` with merge `"none"`. `training` (default false) says whether
   * dropout drops.
   *
   * @throws {ShapeError} When x does not divide into steps, or has more of them than the session was compiled for.
   */
  forward(x: ArrayLike<number>, options: CallOptions & { training?: boolean } = {}): Float32Array {
    const call = this.#passes.check(x, options, options.training ?? false);
    this.#passes.run(x, call, options.states);
    return this.#border.readOutput(call);
  }

  /**
   * Back-propagate through the last `forward`: dOutput `[T, B, output]` is the gradient of one's own loss, `dStates` those of the
   * last states. Parameter gradients are then in `gradients()`; returned are those of x (values only) and of the initial states.
   * Gradients take the place of activations, so each backward needs a forward of its own.
   *
   * @throws {OptionError} When there was none since the last backward, step or change of parameters.
   */
  backward(dOutput: ArrayLike<number>, dStates: States = {}): { dx: Float32Array | undefined; dStates: States } {
    const { input } = this.#training("backward"), k = this.#passes.kernels, border = this.#border;
    const call = this.#passes.backwardCall();
    border.checkOutputGradient(dOutput, call);
    border.checkStateGradients(dStates, call);
    border.clearParameterGradients(k);
    border.clearStateGradients(k, call);
    border.writeOutputGradient(dOutput, call);
    border.writeStateGradients(dStates, call);
    this.#passes.backward(call);
    return { dx: input.gradient && border.read(input.gradient, call), dStates: border.readStateGradients(call) };
  }

  /**
   * One training step: forward, loss, back-propagation through time, clipping, update. y is what the loss compares the
   * output with. `loss` is reduced as the loss says, by default the mean over what counts; `gradientNorm` is the norm before
   * clipping. With `recompute`, T may be longer than the session's `steps`.
   *
   * @throws {NonFiniteError} When the loss or the norm is not finite; the parameters are untouched.
   */
  step(data: Data, options: CallOptions = {}): { loss: number; gradientNorm: number } {
    const { norm, planner, settings, moments, trained, options: { optimizer, clip, frozen = [] } } = this.#training(
      "step",
    );
    if (!optimizer || !this.#settings) {
      throw new OptionError('Cannot step: the session was compiled without "optimizer"');
    }
    const k = this.#passes.kernels, border = this.#border;
    const { loss } = this.#gradients(data, options);
    const n = planner.elements, { value, gradient } = planner.ranges;
    for (const { name, gradient, size } of planner.parameters) {
      if (frozen.includes(name)) k.zero(gradient.address, 1, size, size);
    }
    border.write(norm.limit, [clip?.limit ?? Infinity]);
    measure(k, norm, gradient, n);
    const gradientNorm = border.scalar(norm.norm);
    requireFinite("loss", loss);
    requireFinite("gradient norm", gradientNorm);
    if (clip) apply(k, norm, clip, gradient, n);
    border.write(settings, this.#settings.next());
    for (const { from, elements } of trained) {
      const at = from * 4, places = moments.map((slot) => slot.address + at);
      optimizer.update(k, value + at, gradient + at, settings.address, places, elements);
    }
    this.#passes.refresh();
    return { loss, gradientNorm };
  }

  /**
   * The loss alone, without gradients. `count` is the weight of all targets that count, which a mean divides by: without weights
   * their number.
   */
  evaluate(data: Data, options: CallOptions = {}): { loss: number; count: number } {
    const { loss, count } = this.#passes.measure(data, options, false);
    return { loss, count };
  }

  /**
   * The loss of each target, without gradients and not reduced (PyTorch's reduction "none", times the weights): as many as y
   * has rows, or elements if the loss compares each; 0 for what does not count.
   */
  losses(data: Data, options: CallOptions = {}): Float32Array {
    return this.#passes.losses(data, options);
  }

  /**
   * Run a sequence and take the softmax of its outputs divided by `temperature` (above 0, default 1): `[T, B, output]`
   * probabilities.
   */
  probabilities(x: ArrayLike<number>, options: CallOptions & { temperature?: number } = {}): Float32Array {
    const { temperature = 1 } = options;
    if (this.#plan.layer.output.parts) {
      throw new OptionError(`Cannot make probabilities of two sequences: the net ends with merge "none"`);
    }
    if (!(temperature > 0)) throw new OptionError(`"temperature" must be a number > 0, got ${temperature}`);
    const call = this.#passes.check(x, options, false), k = this.#passes.kernels;
    this.#passes.run(x, call, options.states);
    const { layer, settings } = this.#plan, output = layer.output.value, { address, stride, columns } = output;
    const logits = this.#border.readOutput(call), { T, B } = this.#border.outputCall(call);
    this.#border.write(settings, [1 / temperature]);
    k.softmax(address, address, settings.address, T * B, columns, stride, stride);
    const probabilities = this.#border.readOutput(call);
    // The outputs of a recurrent layer are its states, which the next call may carry on.
    this.#border.writeOutput(logits, call);
    return probabilities;
  }

  /**
   * A stream of `batch` rows (default 1) that is run one step at a time, with states of its own that start from zero (or what was
   * learned). It shares the parameters: training between two steps shows in the next one.
   */
  stream({ batch = 1 }: { batch?: number } = {}): Stream {
    void this.#passes.kernels;
    requireInteger("batch", batch, 1, this.batch);
    if (this.#plan.planner.reverseOrder) {
      throw new OptionError("Cannot make a stream: a bidirectional net must see a sequence whole");
    }
    return new Stream(this.#passes, batch);
  }

  /** Copies of the states after the last call, `[B, H]` each. */
  states(): States {
    return this.#passes.states();
  }

  /** Copies of all parameters by name, in PyTorch's shapes. */
  parameters(): Map<string, TensorCopy> {
    void this.#passes.kernels;
    return this.#copies((slot) => slot.value);
  }

  /** A table of all parameters: name, shape, number, bytes, whether `step` trains it; and the sums. */
  summary(): string {
    void this.#passes.kernels;
    return summary(this.#plan.planner.parameters, this.#plan.options.frozen ?? []);
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
    void this.#passes.kernels;
    this.#border.setParameters(tensors);
    this.#passes.refresh();
  }

  /** Give up the memory; every later call throws DisposedError. */
  [Symbol.dispose](): void {
    this.#passes.release();
  }

  /** Forward, loss and backward. */
  #gradients(data: Data, options: CallOptions): { loss: number } {
    const { recompute, steps, batch } = this.#plan.options, { input } = this.#plan;
    const B = options.batch ?? batch, width = input.kind === "values" ? input.width : 1;
    if (recompute && B > 0 && data.x.length > steps * B * width) {
      return recomputedGradients(this.#passes, data, options);
    }
    const k = this.#passes.kernels, { call, loss } = this.#passes.measure(data, options, true);
    this.#border.clearParameterGradients(k);
    this.#border.clearStateGradients(k, call);
    this.#passes.backward(call);
    return { loss };
  }

  #training(what: string): NetPlan {
    void this.#passes.kernels;
    if (this.#plan.options.train) return this.#plan;
    throw new OptionError(`Cannot ${what}: the session was compiled without "train" or "optimizer"`);
  }

  #copies(which: (slot: ParameterSlot) => ParameterSlot["value"]): Map<string, TensorCopy> {
    return new Map(
      this.#plan.planner.parameters.map((slot) => [
        slot.name,
        { shape: slot.shape, data: this.#border.readFlat(which(slot)) },
      ]),
    );
  }
}

function requireFinite(what: string, value: number): void {
  if (!Number.isFinite(value)) {
    throw new NonFiniteError(`Cannot update the parameters: the ${what} is ${value}, expected a finite number`);
  }
}
