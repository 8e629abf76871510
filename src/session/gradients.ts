import { OptionError } from "../errors.ts";
import type { PackedBatch } from "../runtime/packed_batch.ts";
import { forwardSource, nonFiniteError } from "./non_finite.ts";
import type { PartLoss, TrainingRunner } from "./training_runner.ts";

/**
 * Runs the calls that gradients are of once more, as far as memory and the caller's data allow; yields each when it has
 * run.
 */
export type Replay = () => Iterable<PackedBatch>;

/** What the gradient memory holds. */
type GradientMemory =
  /** No gradients since the last update. */
  | { readonly is: "none" }
  /** The gradients of one `backward`. */
  | { readonly is: "given"; readonly replay: Replay }
  /** The mean (or sum) over all targets since the last update. `count` is their weight. */
  | { readonly is: "sum"; readonly count: number; readonly replay: Replay }
  /** A part of the batch had a loss that is not finite: the next update is left out. */
  | { readonly is: "nonFinite"; readonly count: number };

/** The source of a loss that is not finite when everything before it is. */
const LOSS_ITSELF = { layer: "", tensor: "loss", finding: "all outputs of the net are finite" };

/** The gradients of the parameters: accumulated over the parts of a batch, until an update uses them. */
export class Gradients {
  readonly #runner: TrainingRunner;
  #memory: GradientMemory = { is: "none" };
  /** The training passes before the first part since the last update. Undefined: there was no part. */
  #passesBefore: number | undefined;

  constructor(runner: TrainingRunner) {
    this.#runner = runner;
  }

  /** The weight of all targets since the last update. */
  get count(): number {
    return this.#memory.is === "sum" || this.#memory.is === "nonFinite" ? this.#memory.count : 0;
  }

  /** Whether a part of the batch had a loss that is not finite. */
  get isNonFinite(): boolean {
    return this.#memory.is === "nonFinite";
  }

  /** Whether parts of a batch wait for `update`. */
  get isPartial(): boolean {
    return this.count > 0;
  }

  /** @throws {OptionError} When there are no gradients. */
  require(): void {
    if (this.#memory.is === "none") {
      throw new OptionError("Cannot update: there are no gradients since the last update");
    }
  }

  /** Zero the gradients, for those of one `backward`. */
  clear(): void {
    this.discard();
    this.#runner.io.clearParameterGradients(this.#runner.kernels);
  }

  /** The gradients are now those of one `backward`, of this batch. */
  setGiven(batch: PackedBatch): void {
    this.#memory = { is: "given", replay: this.replay(batch) };
  }

  /** A part begins: from now on `rollBack` has something to take back. */
  begin(): void {
    this.#passesBefore ??= this.#runner.passes;
  }

  /**
   * Prepare for the gradients of one more part, whose targets weigh `count`. The gradients so far are scaled such that,
   * once those of the part are added, one more scaling makes the mean over all.
   */
  beginPart(count: number): void {
    if (!this.count) this.#runner.io.clearParameterGradients(this.#runner.kernels);
    else if (count) this.#scale(this.count, count);
  }

  /** The gradients of a part have been added. */
  endPart(count: number, replay: Replay): void {
    if (count) this.#scale(count, this.count + count);
    const total = this.count + count;
    this.#memory = this.isNonFinite ? { is: "nonFinite", count: total } : { is: "sum", count: total, replay };
  }

  /**
   * Whether the loss of a part is finite. If it is not, the part is taken back: the session's states are those that the
   * part has started from, and the next update is left out.
   *
   * @param step The number of the update.
   * @throws {NonFiniteError} When the loss is not finite, unless compiled with `skipNonFinite`. `trainingStep` then
   *   takes back all parts.
   */
  accepts({ loss, count }: PartLoss, step: number, replay: Replay): boolean {
    if (Number.isFinite(loss)) return true;
    const runner = this.#runner;
    let source, first;
    for (const batch of replay()) {
      first ??= { batch, states: runner.io.firstStates(batch) };
      source = forwardSource(runner, batch);
      if (source) break;
    }
    runner.rollBack(first!.batch, first!.states);
    this.#memory = { is: "nonFinite", count: this.count + count };
    if (runner.plan.options.skipNonFinite) return false;
    throw nonFiniteError(step, "loss", loss, source ?? LOSS_ITSELF);
  }

  /**
   * Make the gradients those of all processes together.
   *
   * @param count The weight of the targets of all processes.
   * @param isNonFinite Whether the loss of any process is not finite; nothing is summed then.
   * @param sum Adds the gradients of the other processes to those in memory.
   */
  combine(count: number, isNonFinite: boolean, sum: () => void): void {
    if (isNonFinite) {
      this.#memory = { is: "nonFinite", count: this.count };
      return;
    }
    if (this.count) this.#scale(this.count, count);
    sum();
    if (this.#memory.is === "sum") this.#memory = { ...this.#memory, count };
  }

  /** Discard the gradients. */
  discard(): void {
    this.#memory = { is: "none" }; // Also lets go of the caller's data, which a replay holds.
    this.#passesBefore = undefined;
  }

  /**
   * Take back all parts since the last update: discard their gradients, and give back the numbers of their training
   * passes, so that the same parts would draw the same random numbers again.
   */
  rollBack(): void {
    if (this.#passesBefore !== undefined) this.#runner.passes = this.#passesBefore;
    this.discard();
  }

  /** The calls that the gradients are of. */
  replayed(): Iterable<PackedBatch> {
    const memory = this.#memory;
    return memory.is === "given" || memory.is === "sum" ? memory.replay() : [];
  }

  /** The replay of one batch: possible as long as memory holds its outputs. */
  replay(batch: PackedBatch): Replay {
    return () => this.#runner.holds(batch) ? [batch] : [];
  }

  /** Multiply the gradients by a / b, unless the loss is a sum. A factor of 1 leaves every bit. */
  #scale(a: number, b: number): void {
    if (this.#runner.loss.reduction === "sum") return;
    const { kernels: k, io, plan: { settings, planner: { ranges, elements } } } = this.#runner;
    io.write(settings, [a / b]);
    k.scale(ranges.gradient, settings.address, elements);
  }
}
