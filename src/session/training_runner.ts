import { OptionError, ThreadError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Threads } from "../threads/threads.ts";
import type { PlannedLoss, Targets } from "../training/losses/loss.ts";
import { type CallOptions, packBatch, type PackedBatch, type States } from "../runtime/packed_batch.ts";
import { Runner } from "../runtime/runner.ts";
import type { NetPlan } from "../runtime/plan.ts";
import type { TrainingIO } from "./training_io.ts";

/** Inputs and targets of a pass that is measured. */
export interface Data extends Targets {
  /** Tokens `[T, B]` or values `[T, B, input]`. */
  x: ArrayLike<number>;
}

/** What came of a training pass, which may have been made in pieces. */
export interface MeasuredPart {
  readonly loss: number;
  /** The weight of all targets that count. */
  readonly count: number;
  /** The pass's calls, each when memory holds what it has computed; those that it can still have. */
  again(): Iterable<PackedBatch>;
}

/** The passes of a session, which are measured, and go backward as well. */
export class TrainingRunner extends Runner {
  override readonly io: TrainingIO;

  /** Told of every call that backward has run for. */
  watch?: (call: PackedBatch) => void;

  constructor(plan: NetPlan, kernels: Kernels, border: TrainingIO, threads?: Threads) {
    super(plan, kernels, border, threads);
    this.io = border;
  }

  /** Make changes of the parameters; when a thread fails half-way, nothing can be done with them any more. */
  change(make: () => void): void {
    try {
      make();
      this.refresh();
    } catch (error) {
      if (!(error instanceof ThreadError)) throw error;
      throw this.broken = new ThreadError(
        `Cannot rely on the parameters, they may be partly updated: ${error.message}`,
      );
    }
  }

  /** The plan's loss. */
  get loss(): PlannedLoss {
    if (this.plan.loss) return this.plan.loss;
    throw new OptionError('Cannot measure a loss: the session was compiled without "loss"');
  }

  /** Numbers for `n` training passes, the first of them. */
  reserve(n: number): number {
    const first = this.count + 1;
    this.count += n;
    return first;
  }

  /** Forward and loss; leaves the loss's gradient in the output's port when training. For `pass` see `run`. */
  measure(
    data: Data,
    options: CallOptions,
    training: boolean,
    pass?: number,
  ): { call: PackedBatch; loss: number; count: number } {
    const { loss } = this, call = this.check(data.x, options, training), rows = this.io.targetRows(call);
    const count = loss.check(data, rows);
    loss.write(data, rows, count);
    this.run(data.x, call, options, pass);
    loss.forward(this.kernels, this.io.outputCall(call), training);
    return { call, loss: count ? loss.reduce(this.io.scalar(loss.total), count) : 0, count };
  }

  /** Forward and the losses of all targets, not reduced. */
  losses(data: Data, options: CallOptions): Float32Array {
    const { loss } = this, call = this.check(data.x, options, false), rows = this.io.targetRows(call);
    loss.check(data, rows);
    loss.write(data, rows);
    this.run(data.x, call, options);
    loss.forward(this.kernels, this.io.outputCall(call), false);
    return loss.read(rows);
  }

  /** The call that `backward` is for. */
  backwardCall(): PackedBatch {
    if (this.last && this.ready) return this.last;
    throw new OptionError("Cannot run backward: it needs a forward of its own before it");
  }

  /** From the gradient in the output's port, and those of the last states, to all others. Adds to the parameters' gradients. */
  backward(call: PackedBatch): void {
    const k = this.kernels, { layer } = this.plan;
    this.ready = false;
    layer.backward(k, call);
    layer.gradients(k, call);
    this.io.addLearnedGradients(k, call);
    this.watch?.(call);
  }

  /** The states after the last call are these, wherever memory now is. */
  putAside(states: States): void {
    this.ready = false;
    this.aside = states;
  }

  /** The next call may carry on from these states of B rows; undefined: from nothing, as after no call. */
  resume(states: States, B: number | undefined): void {
    this.last = B === undefined ? undefined : packBatch({ T: 1, B, training: false, fresh: false });
    this.putAside(states);
  }

  /** Whether memory still has the activations of a call. */
  holds(call: PackedBatch): boolean {
    return this.last === call && !this.aside;
  }

  /** The states after the last call are those that this one, of the session's, has started from. */
  takeBack(call: PackedBatch, states: States): void {
    this.last = call.fresh ? undefined : call;
    this.putAside(states);
  }
}
