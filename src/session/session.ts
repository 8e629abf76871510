import { OptionError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Arena } from "../memory/arena.ts";
import type { PlanRow } from "../memory/memory_map.ts";
import { type ParameterSlot, seedWords } from "../memory/planner.ts";
import type { TensorSpec } from "../ops/value.ts";
import type { Threads } from "../threads/threads.ts";
import type { Layout } from "../training/data/batch.ts";
import { type ActivationStatistics, activationStatistics } from "./activation_statistics.ts";
import { TrainingIO } from "./training_io.ts";
import type { CallOptions, States } from "../runtime/packed_batch.ts";
import { CompiledNet } from "../runtime/compiled_net.ts";
import { describeNet, readCheckpoint, requireNet, requireRows, writeCheckpoint } from "./checkpoint.ts";
import { type Data, TrainingRunner } from "./training_runner.ts";
import { GradientFlow } from "./gradient_flow.ts";
import type { NetPlan } from "../runtime/plan.ts";
import { summary } from "./summary.ts";
import {
  type Differences,
  type LoadOptions,
  requireTensors,
  type TensorCopy,
  type Tensors,
} from "../runtime/state_dict.ts";
import { readTrainingState, setTrainingState, type TrainingState } from "./training_state.ts";
import { Optimization, type Update } from "./optimization.ts";

/** What belongs to a session, for those who make it work together with others. */
export const insideOf: WeakMap<Session, { plan: NetPlan; passes: TrainingRunner; updates: Optimization }> =
  new WeakMap();

/**
 * A compiled net: parameters, gradients, optimizer moments and activations in one memory, and the calls that compute in it.
 * Made by `compile`. What it returns is a copy. Sequences are time-major, `[T, B, ...]`.
 */
export class Session extends CompiledNet {
  /** Threads that compute. */
  readonly threads: number;
  readonly #plan: NetPlan;
  readonly #border: TrainingIO;
  readonly #passes: TrainingRunner;
  readonly #updates: Optimization;
  #flow: GradientFlow | undefined;

  /** Sessions are made by `compile`. */
  constructor(plan: NetPlan, kernels: Kernels, arena: Arena, threads?: Threads) {
    const border = new TrainingIO(plan, arena), passes = new TrainingRunner(plan, kernels, border, threads);
    super(passes);
    this.#plan = plan;
    this.threads = threads?.count ?? 1;
    this.#border = border;
    this.#passes = passes;
    for (const { slot, numbers } of plan.planner.constants) this.#border.write(slot, numbers);
    const { write, readFlat: read } = this.#border;
    const draw = { bounds: plan.settings, read, write, seed: seedWords(plan.planner.seed) };
    plan.planner.parameters.forEach((parameter, stream) =>
      plan.initial[stream](kernels, { ...draw, value: parameter.value, shape: parameter.shape, stream })
    );
    this.#updates = new Optimization(passes);
    insideOf.set(this, { plan, passes, updates: this.#updates });
    if (plan.planner.flows) this.#flow = new GradientFlow(plan.planner.flows, arena, this.#passes);
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

  /** How the data of a training is laid out. */
  get layout(): Layout {
    const { input, decoderInput, layer: { output }, options } = this.#plan;
    const { batchFirst = false, recompute, steps, decoderSteps } = options, { targets, reduction } = this.#passes.loss;
    const read = ({ kind, width }: TensorSpec): Pick<Layout, "kind" | "columns"> =>
      kind === "values" ? { kind, columns: width } : { kind: "tokens", columns: 1 };
    return {
      ...read(input),
      output: output.width,
      batchFirst,
      targets: targets === "sequence" ? "labels" : output.steps === "one" ? "sequence" : "step",
      reduction,
      longest: recompute ? Infinity : steps,
      decoder: decoderInput && { ...read(decoderInput), longest: decoderSteps! },
    };
  }

  /** As that of every net; `training` (default false) says whether dropout drops. */
  override forward(x: ArrayLike<number>, options: CallOptions & { training?: boolean } = {}): Float32Array {
    return this.#passes.forward(x, options, options.training ?? false);
  }

  /**
   * Back-propagate through the last `forward`: dOutput `[T, B, output]` is the gradient of one's own loss, `dStates` those of the
   * last states. Parameter gradients are then in `gradients()`; returned are those of x and the decoder's input (values only) and of
   * the initial states. Gradients take the place of activations, so each backward needs a forward of its own.
   *
   * @throws {OptionError} When there was none since the last backward, step or change of parameters.
   */
  backward(
    dOutput: ArrayLike<number>,
    dStates: States = {},
  ): { dx: Float32Array | undefined; dDecoderInput: Float32Array | undefined; dStates: States } {
    const { input, decoderInput } = this.#training("backward"), k = this.#passes.kernels, border = this.#border;
    const call = this.#passes.backwardCall();
    border.checkOutputGradient(dOutput, call);
    border.checkStateGradients(dStates, call);
    border.clearParameterGradients(k);
    border.clearStateGradients(k, call);
    border.writeOutputGradient(dOutput, call);
    border.writeStateGradients(dStates, call);
    this.#passes.backward(call);
    this.#updates.given(call);
    return {
      dx: input.gradient && border.read(input.gradient, call),
      dDecoderInput: decoderInput?.gradient && border.read(decoderInput.gradient, call.decoder!),
      dStates: border.readStateGradients(call),
    };
  }

  /**
   * One training step, `accumulate` and `update`: forward, loss, back-propagation through time, clipping, update. y is
   * what the loss compares the output with. `loss` is reduced as the loss says, by default the mean over what counts;
   * `gradientNorm` is the norm before clipping, `learningRate` what the schedule makes of it. With `recompute`, T may be
   * longer than the session's `steps`.
   *
   * @throws {NonFiniteError} When the loss or the norm is not finite, unless compiled with `skipNonFinite`; it names the
   * layer and the tensor where that began. Parameters and moments are untouched either way; where it was the loss, the
   * states that the next call may carry are those that the step began with.
   */
  step(data: Data, options: CallOptions = {}): { loss: number } & Update {
    this.#training("step");
    this.#updates.requireOptimizer();
    const { loss } = this.#updates.accumulate(data, options);
    return { loss, ...this.#updates.update() };
  }

  /**
   * Forward, loss and back-propagation of a part of a batch. The gradients become the mean (of a loss with reduction
   * `"sum"` the sum) over all that counts since the last update, so that parts of any sizes and one `update` make a step
   * on the whole. `loss` is that of the part, `count` what its mean divides by.
   *
   * @throws {NonFiniteError} When the loss is not finite; the gradients of earlier parts are given up. With
   * `skipNonFinite` it is the next `update` that is left out.
   */
  accumulate(data: Data, options: CallOptions = {}): { loss: number; count: number } {
    this.#training("accumulate gradients");
    return this.#updates.accumulate(data, options);
  }

  /**
   * Clip the gradients that `accumulate` or `backward` left, and update the parameters.
   *
   * @throws {OptionError} When there are none since the last update.
   * @throws {NonFiniteError} When the norm is not finite, unless compiled with `skipNonFinite`; the parameters are
   * untouched, the gradients given up.
   */
  update(): Update {
    this.#training("update");
    return this.#updates.update();
  }

  /** Give up the gradients that `accumulate` or `backward` left; nothing where there are none. */
  discard(): void {
    this.#training("discard gradients");
    this.#updates.discard();
  }

  /**
   * Tell the schedule a metric, such as a validation loss: `reduceOnPlateau` goes by it, other schedules need none.
   */
  report(metric: number): void {
    this.#training("report a metric");
    this.#updates.report(metric);
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

  /** A copy of the output of the last call, whichever it was: as `forward` gives it. */
  output(): Float32Array {
    void this.#passes.kernels;
    return this.#border.readOutput(this.#passes.heldCall("the output"));
  }

  /**
   * What the outputs of every layer were like in the last call, by the layer's name (`rnn.l0`, `decoder`), bottom to
   * top.
   *
   * @throws {OptionError} When the session was compiled without `train`, as it then keeps no activations.
   */
  activations(): Map<string, ActivationStatistics> {
    this.#training("read activations");
    return activationStatistics(this.#plan, this.#border, this.#passes.heldCall("activations"));
  }

  /**
   * Euclidean norm, over rows and units, of the gradient of the loss with respect to the output h(t) of each recurrent
   * layer, by time step, `[T]`, by layer and direction (`rnn.l0`, `rnn.l0_reverse`): how it shrinks or grows from the
   * last step to the first is what vanishing and exploding gradients are (Bengio, Simard & Frasconi 1994). What the
   * gradient is, exactly: see `gradientFlow` of `compile`.
   *
   * @throws {OptionError} When the session was compiled without `gradientFlow`, or there was no backward.
   *
   * @example
   * ```ts
   * import { compile, elman, recurrent } from "@unroll/rnn";
   * import { assert } from "@std/assert";
   *
   * const net = recurrent(elman(), { input: 1, hidden: 8, output: "last" });
   * using session = await compile(net, { batch: 1, steps: 50, train: true, gradientFlow: true });
   * session.forward(new Float32Array(50).fill(1));
   * session.backward(new Float32Array(8).fill(1)); // of the sum of the last output
   * const norms = session.gradientFlow().get("l0")!;
   * assert(norms[49] > 2.8 && norms[0] < 1e-6); // it has vanished
   * ```
   */
  gradientFlow(): Map<string, Float32Array> {
    void this.#passes.kernels;
    if (this.#flow) return this.#flow.norms();
    throw new OptionError('Cannot read the gradient\'s flow: the session was compiled without "gradientFlow"');
  }

  /** Copies of all parameters by name, in PyTorch's shapes. Tied parameters are one copy with several names. */
  parameters(): Map<string, TensorCopy> {
    void this.#passes.kernels;
    return this.#copiesByAllNames(({ value }) => this.#border.readFlat(value));
  }

  /** A table of all parameters: name, shape, number, bytes, whether `step` trains it; and the sums. */
  summary(): string {
    void this.#passes.kernels;
    return summary(this.#plan.planner.parameters, this.#plan.options.frozen ?? []);
  }

  /**
   * Copies of all gradients: of the last `backward`, of what was accumulated, or, clipped, of the last update. Tied
   * parameters have one, that of all their uses, by the name of the one that the others are tied to.
   */
  gradients(): Map<string, TensorCopy> {
    return this.#training("read gradients") && this.#copies(({ gradient }) => this.#border.readFlat(gradient));
  }

  /**
   * Replace the parameters, by those of another session or of a file, such as PyTorch's state dict: elements of any type, rounded to
   * f32. Nothing changes unless all fits. Returned are the names that had no match, which only `strict: false` allows.
   *
   * @throws {ShapeError} When names or shapes differ; all differences are listed.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { compile, dense, readSafetensors, sequential, writeSafetensors } from "@unroll/rnn";
   *
   * const bytes = writeSafetensors([
   *   ["model.fc.weight", { shape: [1, 2], data: Float64Array.of(3, 4) }],
   *   ["model.fc.bias", { shape: [1], data: Float64Array.of(5) }],
   *   ["model.steps", { shape: [], data: BigInt64Array.of(100n) }],
   * ]);
   * using session = await compile(sequential({ decoder: dense(2, 1) }), { batch: 1, steps: 1 });
   * const { tensors } = readSafetensors(bytes);
   * const { unknown } = session.setParameters(tensors, { rename: { "model.fc.": "decoder." }, strict: false });
   * assertEquals(unknown, ["model.steps"]);
   * assertEquals(session.forward([1, 1]), Float32Array.of(12));
   * ```
   */
  setParameters(tensors: Tensors, options: LoadOptions = {}): Differences {
    void this.#passes.kernels;
    this.#updates.requireParameters("set the parameters");
    const differences = this.#border.parameters.set(tensors, options);
    this.#passes.refresh();
    return differences;
  }

  /**
   * Copies of the moving averages of all parameters, by the parameters' names; before the first update, the
   * parameters.
   */
  averages(): Map<string, TensorCopy> {
    void this.#passes.kernels;
    const range = this.#updates.averages;
    return range ? this.#copiesByAllNames((slot) => this.#border.parameters.readPart(range, slot)) : this.parameters();
  }

  /**
   * Put the moving averages in the place of the parameters (true), for `evaluate`, `forward`, streams and
   * `parameters()`, or the parameters back (false). Training is refused as long as they are.
   */
  useAverages(use: boolean): void {
    void this.#passes.kernels;
    this.#updates.useAverages(use);
  }

  /**
   * A copy of what an exact continuation needs beside `parameters()` and `states()`: counts, schedule, moments,
   * averages.
   *
   * @throws {OptionError} Between `accumulate` and `update`, or while the averages are in use.
   */
  trainingState(): TrainingState {
    this.#training("read the training state");
    return readTrainingState(this.#passes, this.#updates);
  }

  /**
   * Go on from a state that `trainingState` gave. Nothing changes unless all of it fits.
   *
   * @throws {ShapeError} When names or shapes of the tensors differ.
   */
  setTrainingState(state: Omit<TrainingState, "tensors"> & { tensors: Tensors }): void {
    this.#training("set the training state");
    setTrainingState(this.#passes, this.#updates, state);
  }

  /**
   * All that an exact continuation needs, as a safetensors file: parameters by their PyTorch names, moments, averages,
   * counts, the schedule's state, carried states (default those of the last call), `extra`, anything fit for JSON, and
   * more `tensors`. In a training by `fit` these are its `state` and `tensors()`.
   *
   * @throws {OptionError} Between `accumulate` and `update`, or while the averages are in use.
   */
  checkpoint(
    { extra, states = this.states(), tensors = new Map() }: {
      extra?: unknown;
      states?: States;
      tensors?: ReadonlyMap<string, TensorCopy>;
    } = {},
  ): Uint8Array<ArrayBuffer> {
    const plan = this.#training("write a checkpoint"), rows = requireRows(states, plan);
    if (rows) this.#border.checkStates(states, rows);
    const training = this.trainingState();
    const parameters = this.parameters();
    return writeCheckpoint({ net: describeNet(plan), parameters, training, states, extra, tensors });
  }

  /**
   * Go on where `checkpoint` was called, bit for bit, in a session of the same net, options and seed; with `states:
   * "carry"` from the states of then. Nothing changes unless all of it fits.
   *
   * @throws {FormatError} When the bytes are not a checkpoint.
   * @throws {ShapeError} When it is of another net.
   * @throws {OptionError} When it is of another optimizer, or of another seed and the net draws random numbers.
   */
  restore(bytes: Uint8Array): { extra: unknown; states: States; tensors: ReadonlyMap<string, TensorCopy> } {
    const plan = this.#training("restore a checkpoint"), checkpoint = readCheckpoint(bytes);
    requireNet(checkpoint, plan);
    const { parameters, training, states, extra, tensors } = checkpoint, rows = requireRows(states, plan);
    if (rows) this.#border.checkStates(states, rows);
    requireTensors("parameter", plan.planner.parameters, parameters);
    this.setTrainingState(training);
    this.setParameters(parameters);
    this.#passes.resume(states, rows);
    return { extra, states, tensors };
  }

  /** Give up the memory and end the workers, if there are any; every later call throws DisposedError. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#flow = undefined;
  }

  #training(what: string): NetPlan {
    void this.#passes.kernels;
    if (this.#plan.options.train) return this.#plan;
    throw new OptionError(`Cannot ${what}: the session was compiled without "train" or "optimizer"`);
  }

  #copiesByAllNames(read: (slot: ParameterSlot) => Float32Array): Map<string, TensorCopy> {
    const copies = this.#copies(read), { parameters } = this.#plan.planner;
    return new Map(
      parameters.flatMap(({ name, aliases }) => [name, ...aliases].map((one) => [one, copies.get(name)!] as const)),
    );
  }

  #copies(read: (slot: ParameterSlot) => Float32Array): Map<string, TensorCopy> {
    const { parameters } = this.#plan.planner;
    return new Map(parameters.map((slot) => [slot.name, { shape: slot.shape, data: read(slot) }]));
  }
}
