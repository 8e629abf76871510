import { OptionError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Arena } from "../memory/arena.ts";
import { CompiledNet } from "../runtime/compiled_net.ts";
import { type CallOptions, FORWARD, type States } from "../runtime/packed_batch.ts";
import type { IncompatibleKeys, LoadOptions, TensorCopy, Tensors } from "../runtime/state_dict.ts";
import type { Threads } from "../threads/threads.ts";
import type { Layout } from "../training/data/batch.ts";
import { type ActivationStatistics, activationStatistics } from "./statistics.ts";
import { type CheckpointOptions, restoreCheckpoint, takeCheckpoint } from "./checkpoint.ts";
import { Gradients } from "./gradients.ts";
import { Optimization, type Update } from "./optimization.ts";
import type { TrainingPlan } from "./plan_training.ts";
import { summary } from "../runtime/summary.ts";
import { type Data, type PartLoss, TrainingRunner } from "./training_runner.ts";
import { readTrainingState, setTrainingState, type TrainingState } from "./training_state.ts";
import { type TrainedNet, trainingStep } from "./training_step.ts";

/**
 * A compiled net: parameters, gradients, optimizer moments and activations in one memory, and the calls that compute in
 * it. `compile` makes sessions. Every returned array is a copy. Sequences are time-major, `[T, B, ...]`, unless
 * compiled with `batchFirst`.
 */
export class Session extends CompiledNet {
  /** @internal The threads, if there are several. */
  readonly crew: Threads | undefined;
  /** @internal */
  declare readonly runner: TrainingRunner;
  /** @internal */
  readonly trained: TrainedNet;

  /** `compile` makes sessions. */
  constructor(plan: TrainingPlan, kernels: Kernels, arena: Arena, threads?: Threads) {
    const runner = new TrainingRunner(plan, kernels, arena, threads);
    super(runner);
    this.crew = threads;
    runner.initialiseParameters();
    const gradients = new Gradients(runner);
    this.trained = { runner, gradients, optimization: new Optimization(runner, gradients) };
    plan.layer.refresh(kernels);
  }

  /** Number of threads that compute. */
  get threads(): number {
    return this.crew?.used ?? 1;
  }

  /** The layout of training data. */
  get layout(): Layout {
    return this.runner.dataLayout;
  }

  /** As `forward` of every compiled net. `options.training` says whether dropout drops, default false. */
  override forward(x: ArrayLike<number>, options: CallOptions & { training?: boolean } = {}): Float32Array {
    return this.runner.predict(x, options, FORWARD);
  }

  /**
   * Back-propagate through the last `forward`. The gradients of the parameters are then in `gradients()`. Gradients
   * overwrite activations, so each backward needs a forward of its own.
   *
   * @param dOutput The gradient of the loss with respect to the output, in the output's shape.
   * @param dStates Gradients with respect to the last states, `[B, H]` by name. Default zeros.
   * @returns The gradients of x and of the decoder's input (only of values), and of the initial states.
   * @throws {OptionError} When there was no forward since the last backward, step or change of parameters.
   */
  backward(
    dOutput: ArrayLike<number>,
    dStates: States = {},
  ): { dx: Float32Array | undefined; dDecoderInput: Float32Array | undefined; dStates: States } {
    this.requireTraining("backward");
    const { runner, gradients } = this.trained;
    const { io, plan: { input, decoderInput } } = runner;
    const batch = runner.requireActivations();
    io.checkOutputGradient(dOutput, batch);
    io.checkStateGradients(dStates, batch);
    gradients.clear();
    io.writeOutputGradient(dOutput, batch);
    runner.backward(batch, dStates);
    gradients.setGiven(batch);
    return {
      dx: input.gradient && io.read(input.gradient, batch),
      dDecoderInput: decoderInput?.gradient && io.read(decoderInput.gradient, batch.decoder!),
      dStates: io.readStateGradients(batch),
    };
  }

  /**
   * One training step: forward, loss, back-propagation through time, clipping, update. With `recompute`, T may be
   * longer than the session's `steps`.
   *
   * @returns `loss` is reduced as the loss says, by default the mean over the targets that count; `gradientNorm` is the
   *   norm before clipping; `learningRate` is that of the schedule.
   * @throws {NonFiniteError} When the loss or the norm is not finite, unless compiled with `skipNonFinite`. The error
   *   names the layer and the tensor where that began. Parameters and moments are unchanged. After a loss that is not
   *   finite, the states that the next call may carry are those that the step has started from.
   */
  step(data: Data, options: CallOptions = {}): { loss: number } & Update {
    this.requireTraining("step");
    const { part: { loss }, update } = trainingStep(this.trained, data, options, false);
    return { loss, ...update! };
  }

  /**
   * Forward, loss and back-propagation of a part of a batch. The gradients become the mean (the sum, of a loss with
   * reduction `"sum"`) over all targets that count since the last update: parts of any sizes and one `update` make a
   * step on the whole batch.
   *
   * @returns The loss of the part, and the weight of its targets that count, which its mean divides by.
   * @throws {NonFiniteError} When the loss is not finite; the gradients of earlier parts are discarded. With
   *   `skipNonFinite`, the next `update` is left out instead.
   */
  accumulate(data: Data, options: CallOptions = {}): PartLoss {
    this.requireTraining("accumulate gradients");
    return trainingStep(this.trained, data, options, true).part;
  }

  /**
   * Clip the gradients of `accumulate` or `backward`, and update the parameters.
   *
   * @throws {OptionError} When there are no gradients since the last update.
   * @throws {NonFiniteError} When the norm is not finite, unless compiled with `skipNonFinite`. The parameters are
   *   unchanged, the gradients discarded.
   */
  update(): Update {
    this.requireTraining("update");
    return this.trained.optimization.updateAccumulated();
  }

  /** Discard the gradients of `accumulate` or `backward`. Random numbers go on as if the parts had never run. */
  discard(): void {
    this.requireTraining("discard gradients");
    this.trained.gradients.rollBack();
  }

  /** Report a metric, such as a validation loss, to the schedule. Only `reduceOnPlateau` depends on it. */
  report(metric: number): void {
    this.requireTraining("report a metric");
    this.trained.optimization.report(metric);
  }

  /**
   * The loss without gradients.
   *
   * @returns The loss, and the weight of all targets that count, which a mean divides by: without weights their number.
   */
  evaluate(data: Data, options: CallOptions = {}): PartLoss {
    return this.runner.evaluate(data, options);
  }

  /**
   * The loss of each target, not reduced (PyTorch's reduction "none", times the weights), without gradients.
   *
   * @returns One loss for each row of y, or each element if the loss compares elements; 0 if the target does not count.
   */
  losses(data: Data, options: CallOptions = {}): Float32Array {
    return this.runner.losses(data, options);
  }

  /**
   * Statistics of the outputs of every layer in the last call, by the layer's name (`rnn.l0`, `decoder`), from the
   * bottom to the top.
   *
   * @throws {OptionError} When the session was compiled without `train`: it then keeps no activations.
   */
  activations(): Map<string, ActivationStatistics> {
    this.requireTraining("read activations");
    return activationStatistics(this.runner, this.runner.requireOutputs("activations"));
  }

  /**
   * The gradient norm of each recurrent layer by time step: the Euclidean norm, over rows and units, of the gradient of
   * the loss with respect to the output h(t). A norm that shrinks (grows) from the last step to the first is a
   * vanishing (exploding) gradient (Bengio, Simard & Frasconi 1994). `gradientFlow` of `compile` defines the gradient
   * exactly.
   *
   * @returns `[T]` by layer and direction (`rnn.l0`, `rnn.l0_reverse`).
   *
   * @throws {OptionError} When the session was compiled without `gradientFlow`, or there was no backward.
   *
   * @example
   * ```ts
   * import { compile, elman, recurrent } from "@unroll/rnn";
   * import { assert } from "@std/assert";
   *
   * const net = recurrent(elman(), { input: 1, hidden: 8, output: "last" });
   * const session = await compile(net, { batch: 1, steps: 50, train: true, gradientFlow: true });
   * session.forward(new Float32Array(50).fill(1));
   * session.backward(new Float32Array(8).fill(1)); // of the sum of the last output
   * const norms = session.gradientFlow().get("l0")!;
   * assert(norms[49] > 2.8 && norms[0] < 1e-6); // it has vanished
   * session.dispose();
   * ```
   */
  gradientFlow(): Map<string, Float32Array> {
    this.runner.requireOpen();
    if (this.runner.gradientFlow) return this.runner.gradientFlow.norms();
    throw new OptionError('Cannot read the gradient\'s flow: the session was compiled without "gradientFlow"');
  }

  /** A table of all parameters: name, shape, number, bytes, whether `step` trains the parameter; and the sums. */
  override summary(): string {
    this.runner.requireOpen();
    return summary(this.runner.plan.planner.parameters, this.runner.plan.options.frozen ?? []);
  }

  /**
   * Copies of all gradients: of the last `backward`, of what was accumulated, or, clipped, of the last update. The
   * gradient of tied parameters, summed over all their uses, has the name of the one that the others are tied to.
   */
  gradients(): Map<string, TensorCopy> {
    this.requireTraining("read gradients");
    const { io, plan } = this.runner;
    return new Map(plan.planner.parameters.map(({ name, shape, gradient }) => {
      return [name, { shape, data: io.readFlat(gradient) }];
    }));
  }

  /** As `setParameters` of every compiled net. @throws {OptionError} While the averages are in use. */
  override setParameters(tensors: Tensors, options: LoadOptions = {}): IncompatibleKeys {
    this.runner.requireOpen();
    this.trained.optimization.requireTrainedWeights("set the parameters");
    return super.setParameters(tensors, options);
  }

  /** Copies of the moving averages of all parameters, by name; before the first update, of the parameters. */
  averages(): Map<string, TensorCopy> {
    this.runner.requireOpen();
    const range = this.trained.optimization.averages;
    if (!range) return this.parameters();
    const { parameters } = this.runner.io;
    return parameters.copies((parameter) => parameters.read(range, parameter));
  }

  /**
   * Put the moving averages in the place of the parameters (true), for `evaluate`, `forward`, streams and
   * `parameters()`; or the parameters back (false). While the averages are in use, training is refused.
   */
  useAverages(use: boolean): void {
    this.runner.requireOpen();
    this.trained.optimization.useAverages(use);
  }

  /**
   * A copy of what an exact continuation needs beside `parameters()` and `states()`: counts, schedule, moments,
   * averages.
   *
   * @throws {OptionError} Between `accumulate` and `update`, or while the averages are in use.
   */
  trainingState(): TrainingState {
    this.requireTraining("read the training state");
    return readTrainingState(this.trained);
  }

  /**
   * Continue from a state that `trainingState` has returned. Nothing changes unless all of the state fits.
   *
   * @throws {ShapeError} When names or shapes of the tensors differ.
   */
  setTrainingState(state: Omit<TrainingState, "tensors"> & { tensors: Tensors }): void {
    this.requireTraining("set the training state");
    setTrainingState(this.trained, state);
  }

  /**
   * All that an exact continuation needs, as a safetensors file: parameters by their PyTorch names, moments, averages,
   * counts, the schedule's state, carried states. For a training by `fit`, pass its `state` as `extra` and its
   * `tensors()` as `tensors`.
   *
   * @throws {OptionError} Between `accumulate` and `update`, or while the averages are in use.
   */
  checkpoint(options: CheckpointOptions = {}): Uint8Array<ArrayBuffer> {
    this.requireTraining("write a checkpoint");
    return takeCheckpoint(this.trained, options);
  }

  /**
   * Continue where `checkpoint` was called, bit for bit, in a session of the same net, options and seed. With `states:
   * "carry"` the next call carries on the states of the checkpoint. Nothing changes unless all of the checkpoint fits.
   * The session's batch may be smaller than the rows of the states: a call with `states: "carry"` is then refused.
   *
   * @throws {FormatError} When the bytes are not a checkpoint.
   * @throws {ShapeError} When the checkpoint is of another net.
   * @throws {OptionError} When the checkpoint is of another optimizer, or of another seed and the net draws random
   *   numbers.
   */
  restore(
    bytes: Uint8Array | ArrayBuffer,
  ): { extra: unknown; states: States; tensors: ReadonlyMap<string, TensorCopy> } {
    this.requireTraining("restore a checkpoint");
    return restoreCheckpoint(this.trained, bytes);
  }

  /**
   * @internal
   * @throws {OptionError} When the session was compiled without training.
   */
  requireTraining(what: string): void {
    this.runner.requireOpen();
    if (this.runner.plan.options.train) return;
    throw new OptionError(`Cannot ${what}: the session was compiled without "train" or "optimizer"`);
  }
}
