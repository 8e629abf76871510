import { DisposedError, OptionError } from "../errors.ts";
import { positive, requireKnown } from "../options.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Threads } from "../threads/threads.ts";
import type { CheckedInput, HostIO } from "./host_io.ts";
import { allSteps, type CallOptions, type PackedBatch, type States } from "./packed_batch.ts";
import type { NetPlan } from "./plan.ts";

/** What the activation memory of a net holds. */
export type ActivationMemory =
  /** Nothing: there was no call yet. */
  | { readonly is: "empty" }
  /** The activations, outputs and states of a batch, computed with the current parameters: backward may follow. */
  | { readonly is: "activations"; readonly batch: PackedBatch }
  /** The outputs and states of a batch. Backward has overwritten its activations, or the parameters have changed. */
  | { readonly is: "outputs"; readonly batch: PackedBatch }
  /** Something else, such as the step of a stream. `states` are a copy of the last states of the batch. */
  | { readonly is: "other"; readonly batch: PackedBatch; readonly states: States };

/** Runs a net forward, and knows what its memory holds. */
export class Runner {
  readonly plan: NetPlan;
  readonly io: HostIO;
  /** The memory, as the last call left it. */
  protected memory: ActivationMemory = { is: "empty" };
  /** Training passes so far. Random numbers depend on the number of the pass. */
  passes = 0;
  /** Increases whenever the activation memory or a parameter changes. */
  version = 0;
  /** Increases whenever a parameter changes. */
  parameterVersion = 0;
  /** What computes; or the error that every call throws: the net was disposed, or a thread failed in an update. */
  #engine: { readonly kernels: Kernels; readonly threads?: Threads } | Error;

  constructor(plan: NetPlan, kernels: Kernels, io: HostIO, threads?: Threads) {
    this.plan = plan;
    this.io = io;
    this.#engine = { kernels, threads };
    for (const { slot, numbers } of plan.planner.constants) io.write(slot, numbers);
  }

  /** Release the memory and end the threads. */
  release(): void {
    if (!(this.#engine instanceof Error)) this.#engine.threads?.dispose();
    this.#engine = new DisposedError("Cannot use this session: it was disposed");
    this.io.release();
  }

  /** Refuse every later call with this error. */
  protected close(error: Error): Error {
    return this.#engine = error;
  }

  /**
   * @throws {DisposedError} When the net was disposed. @throws {ThreadError} When its parameters are only partly
   * updated.
   */
  requireOpen(): void {
    if (this.#engine instanceof Error) throw this.#engine;
  }

  /** The kernels, under the conditions of `requireOpen`. */
  get kernels(): Kernels {
    if (this.#engine instanceof Error) throw this.#engine;
    return this.#engine.kernels;
  }

  get #threads(): Threads | undefined {
    return this.#engine instanceof Error ? undefined : this.#engine.threads;
  }

  /**
   * Check everything that goes into a call; nothing is changed.
   *
   * @param steps The most steps of the call. Default: the plan's.
   */
  check(x: ArrayLike<number>, options: CallOptions, training: boolean, steps?: number): CheckedInput {
    this.requireOpen();
    return this.io.checkInput(x, options, training, this.lastBatch, steps);
  }

  /**
   * Write x, the decoder's input and the initial states.
   *
   * @param pass The number of a training pass. Default: one more than the last.
   */
  write({ call, batch, x, decoderInput, states }: CheckedInput, pass?: number): void {
    const k = this.kernels;
    const { memory, io } = this;
    io.staging.requireCall(call);
    if (batch.training) io.writePass(pass ?? ++this.passes);
    this.#threads?.partition(allSteps(batch));
    this.version++;
    io.writeInput(x, batch, decoderInput);
    io.writeStates(k, batch, states === "carry" && memory.is === "other" ? memory.states : states, this.lastBatch);
  }

  /** Run the layers forward on what `write` has written. */
  forward(batch: PackedBatch): void {
    this.memory = { is: "activations", batch };
    this.plan.layer.forward(this.kernels, batch);
  }

  /**
   * Check, write and run forward; a copy of the outputs.
   *
   * @param known The names of the options that the net has.
   */
  predict(x: ArrayLike<number>, options: CallOptions & { training?: boolean }, known: object): Float32Array {
    requireKnown("forward", known, options);
    const input = this.check(x, options, options.training ?? false);
    this.write(input);
    this.forward(input.batch);
    return this.io.readOutput(input.batch);
  }

  /** As `predict`: a copy of the softmax of the outputs divided by the temperature. */
  probabilities(x: ArrayLike<number>, options: CallOptions & { temperature?: number }): Float32Array {
    const { plan: { layer, settings }, io } = this;
    const { address, stride, columns } = layer.output.value;
    const { temperature = 1 } = options;
    if (layer.output.parts) {
      throw new OptionError(`Cannot make probabilities of two sequences: the net ends with merge "none"`);
    }
    positive("temperature", temperature);
    const input = this.check(x, options, false);
    const { batch } = input;
    this.write(input);
    this.forward(batch);
    const logits = io.readOutput(batch);
    const { T, B } = io.outputBatch(batch);
    io.write(settings, [1 / temperature]);
    this.kernels.softmax(address, address, settings.address, T * B, columns, stride, stride);
    const probabilities = io.readOutput(batch);
    // The outputs of a recurrent layer are its states, which the next call may carry on.
    io.writeOutput(logits, batch);
    return probabilities;
  }

  /** Renew what is derived from the parameters, after every change of them. */
  refresh(): void {
    if (this.memory.is === "activations") this.memory = { is: "outputs", batch: this.memory.batch };
    this.version++;
    this.parameterVersion++;
    this.plan.layer.refresh(this.kernels);
    this.#threads?.finish();
  }

  /** Copies of the states after the last call; none before the first call. */
  states(): States {
    this.requireOpen();
    const { memory } = this;
    if (memory.is === "empty") return {};
    return memory.is === "other" ? copyStates(memory.states) : this.io.lastStates(memory.batch);
  }

  /**
   * Prepare to run a batch that is not a call of the session, such as a step of a stream: the session's states stay
   * what they are.
   */
  startApart(batch: PackedBatch): Kernels {
    const k = this.kernels;
    this.saveStates();
    this.#threads?.partition(allSteps(batch));
    this.version++;
    return k;
  }

  /** Run what threads have recorded, before memory is read through a view that was made before. */
  finish(): void {
    this.#threads?.finish();
  }

  /** Copy the session's states before something else uses the memory. */
  protected saveStates(): void {
    const { memory } = this;
    if (memory.is === "empty" || memory.is === "other") return;
    this.memory = { is: "other", batch: memory.batch, states: this.io.lastStates(memory.batch) };
  }

  /**
   * The batch whose outputs the memory holds.
   *
   * @param what What the caller wants to read, for the error.
   * @throws {OptionError} When there was no call, or a stream or a call in segments has used the memory since.
   */
  requireOutputs(what: string): PackedBatch {
    const { memory } = this;
    if (memory.is === "activations" || memory.is === "outputs") return memory.batch;
    throw new OptionError(`Cannot read ${what}: there was no call, or memory does not hold all of the last one`);
  }

  /** The batch of the last call. */
  protected get lastBatch(): PackedBatch | undefined {
    return this.memory.is === "empty" ? undefined : this.memory.batch;
  }
}

/** A copy of states. */
export function copyStates(states: States): States {
  return Object.fromEntries(Object.entries(states).map(([name, data]) => [name, data.slice()]));
}
