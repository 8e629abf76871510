import { OptionError, ThreadError } from "../errors.ts";
import { type Names, requireKnown } from "../options.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Arena } from "../memory/arena.ts";
import { seedWords } from "../memory/planner.ts";
import type { TensorSpec } from "../ops/value.ts";
import type { CheckedInput } from "../runtime/host_io.ts";
import { CALL, type CallOptions, packBatch, type PackedBatch, type States } from "../runtime/packed_batch.ts";
import { Runner } from "../runtime/runner.ts";
import type { Threads } from "../threads/threads.ts";
import type { Layout } from "../training/data/batch.ts";
import type { PlannedLoss, Targets } from "../training/losses/loss.ts";
import { GradientFlow } from "./gradient_flow.ts";
import type { TrainingPlan } from "./plan_training.ts";
import { TrainingIO } from "./training_io.ts";

/** Inputs and targets of a call that measures a loss. */
export interface Data extends Targets {
  /** Tokens `[T, B]` or values `[T, B, input]`. */
  x: ArrayLike<number>;
}

const DATA: Names<Data> = { x: true, y: true, weights: true, targetLengths: true };

/**
 * Check the names of a call. A batch of the trainer is data and options in one, so options may stand in both.
 *
 * @throws {OptionError} When a name is unknown, or an option stands in the data alone.
 */
export function requireCall(data: Data, options: CallOptions): void {
  requireKnown("a call", CALL, options);
  const given = data as Data & CallOptions;
  if (typeof data !== "object" || !data || Array.isArray(data)) requireKnown("the data", DATA, data);
  for (const name in given) {
    // Names that every call has are compared first: 0.05 us for both, 0.2 us by a table (Deno 2.9.6, 2026-12-01).
    if (name === "x" || name === "y" || name in DATA) continue;
    if (name === "steps") continue; // A window of `streams` has its number of steps.
    const option = name as keyof CallOptions;
    if (!(name in CALL) || given[option] !== options[option]) requireKnown("the data", DATA, { [name]: given[option] });
  }
}

/** A loss, and the weight of the targets that count. */
export interface PartLoss {
  /** The loss, reduced as the loss says. */
  readonly loss: number;
  /** The number that a mean divides by: the weight of all targets that count. */
  readonly count: number;
}

/** The inputs and targets of a call after all checks. */
export interface CheckedData extends CheckedInput {
  readonly targets: Targets;
  /** The weight of all targets that count: the number that a mean divides by. */
  readonly count: number;
}

/** Runs a net forward, measures its loss, and runs it backward. */
export class TrainingRunner extends Runner {
  declare readonly plan: TrainingPlan;
  declare readonly io: TrainingIO;
  /** The gradient norms by time step, of a session compiled with `gradientFlow`. */
  readonly gradientFlow?: GradientFlow;

  constructor(plan: TrainingPlan, kernels: Kernels, arena: Arena, threads?: Threads) {
    super(plan, kernels, new TrainingIO(plan, arena), threads);
    if (plan.options.gradientFlow) this.gradientFlow = new GradientFlow(plan.needs.outputGradients, arena);
  }

  /** Draw the first values of all parameters; each parameter has its own stream of random numbers. */
  initialiseParameters(): void {
    const { plan: { planner, initial, settings }, io } = this;
    const context = { bounds: settings, read: io.readFlat, write: io.write, seed: seedWords(planner.seed) };
    planner.parameters.forEach(({ value, shape }, stream) =>
      initial[stream](this.kernels, { ...context, value, shape, stream })
    );
  }

  /** The layout of the data that the net trains on. */
  get dataLayout(): Layout {
    const { plan: { input, decoderInput, layer: { output }, options }, loss: { targets, reduction } } = this;
    const { batchFirst = false, recompute, steps, decoderSteps } = options;
    return {
      ...inputLayout(input),
      output: output.width,
      batchFirst,
      targets: targets === "sequence" ? "labels" : output.steps === "one" ? "sequence" : "step",
      reduction,
      longest: recompute ? Infinity : steps,
      decoder: decoderInput && { ...inputLayout(decoderInput), longest: decoderSteps! },
    };
  }

  /** @throws {OptionError} When the session was compiled without a loss. */
  get loss(): PlannedLoss {
    if (this.plan.loss) return this.plan.loss;
    throw new OptionError('Cannot measure a loss: the session was compiled without "loss"');
  }

  /**
   * Check everything that goes into a call with a loss; nothing is changed.
   *
   * @param steps The most steps of the call. Default: the plan's.
   */
  checkData(data: Data, options: CallOptions, training: boolean, steps?: number): CheckedData {
    const { loss } = this;
    const { call, batch, x, decoderInput, states } = this.check(data.x, options, training, steps);
    const targets = this.io.stageTargets(data);
    const count = loss.check(targets, this.io.targetRows(batch));
    return { call, batch, x, decoderInput, states, targets, count };
  }

  /** Write targets and inputs. Losses that are not reduced are not divided either. For `pass` see `write`. */
  writeData(data: CheckedData, pass?: number, isReduced = true): void {
    this.io.staging.requireCall(data.call);
    this.loss.write(data.targets, this.io.targetRows(data.batch), isReduced ? data.count : undefined);
    this.write(data, pass);
  }

  /** The loss of the outputs in memory. When training, its gradient is left where `backward` reads it. */
  measureLoss({ batch, count }: CheckedData): PartLoss {
    const { loss } = this;
    loss.forward(this.kernels, this.io.outputBatch(batch), batch.training);
    return { loss: count ? loss.reduce(this.io.scalar(loss.total), count) : 0, count };
  }

  /** The loss without gradients. */
  evaluate(data: Data, options: CallOptions): PartLoss {
    return this.measureLoss(this.#forward(data, options, true));
  }

  /** The losses of all targets, not reduced, without gradients. */
  losses(data: Data, options: CallOptions): Float32Array {
    const { batch } = this.#forward(data, options, false);
    this.loss.forward(this.kernels, this.io.outputBatch(batch), false);
    return this.loss.read(this.io.targetRows(batch));
  }

  /** Check, write and run forward. */
  #forward(data: Data, options: CallOptions, isReduced: boolean): CheckedData {
    requireCall(data, options);
    const checked = this.checkData(data, options, false);
    this.writeData(checked, undefined, isReduced);
    this.forward(checked.batch);
    return checked;
  }

  /**
   * The batch that `backward` is for.
   *
   * @throws {OptionError} When memory does not hold the activations of a forward.
   */
  requireActivations(): PackedBatch {
    if (this.memory.is === "activations") return this.memory.batch;
    throw new OptionError("Cannot run backward: it needs a forward of its own before it");
  }

  /**
   * Back-propagate the gradient of the output, which the loss or the caller has left in memory, and add to the
   * gradients of the parameters.
   *
   * @param dStates Gradients of the last states. Default: zeros.
   */
  backward(batch: PackedBatch, dStates: States = {}): void {
    const k = this.kernels;
    const { layer } = this.plan;
    this.io.clearStateGradients(k, batch);
    this.io.writeStateGradients(dStates, batch);
    this.memory = { is: "outputs", batch };
    layer.backward(k, batch);
    layer.gradients(k, batch);
    this.io.addLearnedGradients(k, batch);
    this.gradientFlow?.add(batch);
  }

  /** Change the parameters. When a thread fails halfway, every later call throws ThreadError. */
  changeParameters(change: () => void): void {
    try {
      change();
      this.refresh();
    } catch (error) {
      if (!(error instanceof ThreadError)) throw error;
      const broken = `Cannot rely on the parameters, they may be partly updated: ${error.message}`;
      throw this.close(new ThreadError(broken));
    }
  }

  /** Whether x is longer than the plan, and the session was compiled with `recompute`. */
  isLongerThanPlan({ x }: Data, { batch: B = this.plan.options.batch }: CallOptions): boolean {
    const { input, options: { recompute = false, steps } } = this.plan;
    const columns = input.kind === "values" ? input.width : 1;
    return recompute && B > 0 && x?.length > steps * B * columns;
  }

  /** Reserve the numbers of `n` training passes; the first of them. */
  reservePasses(n: number): number {
    const first = this.passes + 1;
    this.passes += n;
    return first;
  }

  /** Whether memory still holds the outputs of a batch. */
  holds(batch: PackedBatch): boolean {
    return this.memory.is !== "empty" && this.memory.is !== "other" && this.memory.batch === batch;
  }

  /** Make these the session's last states, after `batch`, whatever memory holds. */
  setStates(states: States, batch: PackedBatch | undefined = this.lastBatch): void {
    this.memory = batch ? { is: "other", batch, states } : { is: "empty" };
  }

  /** Make these, with B rows, the states that the next call may carry on. Undefined: there is nothing to carry on. */
  resume(states: States, B: number | undefined): void {
    this.memory = { is: "empty" };
    if (B !== undefined) this.setStates(states, packBatch({ T: 1, B, training: false, fresh: false }));
  }

  /** Make the states that a batch started from the session's last states: the batch is taken back. */
  rollBack(batch: PackedBatch, states: States): void {
    this.memory = batch.fresh ? { is: "empty" } : { is: "other", batch, states };
  }
}

function inputLayout({ kind, width }: TensorSpec): Pick<Layout, "kind" | "columns"> {
  return kind === "values" ? { kind, columns: width } : { kind: "tokens", columns: 1 };
}
