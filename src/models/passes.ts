import { DisposedError, OptionError, ThreadError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Threads } from "../threads/threads.ts";
import type { PlannedLoss, Targets } from "../training/losses/loss.ts";
import type { Border } from "./border.ts";
import { type Call, type CallOptions, type InitialStates, makeCall, type States } from "./call.ts";
import type { NetPlan } from "./plan.ts";

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
  again(): Iterable<Call>;
}

/** Passes through a net, forward and backward, and what the last one left behind. */
export class Passes {
  readonly plan: NetPlan;
  readonly border: Border;
  /** Until disposal: the instance that they belong to holds the memory. */
  #kernels: Kernels | undefined;
  #threads: Threads | undefined;
  /** Why the parameters cannot be relied on any more. */
  #broken: Error | undefined;
  /** The last call, and its states where memory does not hold them any more. */
  #last: Call | undefined;
  #aside: States | undefined;
  /** Whether memory holds what `backward` needs: activations of the last call, made with these parameters. */
  #ready = false;
  /** Training passes so far. */
  count = 0;
  /** Told of every call that backward has run for. */
  watch?: (call: Call) => void;

  constructor(plan: NetPlan, kernels: Kernels, border: Border, threads?: Threads) {
    this.plan = plan;
    this.border = border;
    this.#kernels = kernels;
    this.#threads = threads;
  }

  /** Give up the memory and the threads. */
  release(): void {
    this.#kernels = undefined;
    this.#threads?.[Symbol.dispose]();
    this.#threads = undefined;
    this.border.release();
  }

  /** Make changes of the parameters; when a thread fails half-way, nothing can be done with them any more. */
  change(make: () => void): void {
    try {
      make();
      this.refresh();
    } catch (error) {
      if (!(error instanceof ThreadError)) throw error;
      throw this.#broken = new ThreadError(
        `Cannot rely on the parameters, they may be partly updated: ${error.message}`,
      );
    }
  }

  /** The kernels; DisposedError after `release`. */
  get kernels(): Kernels {
    if (!this.#kernels) throw new DisposedError("Cannot use this session: it was disposed");
    if (this.#broken) throw this.#broken;
    return this.#kernels;
  }

  /** The plan's loss. */
  get loss(): PlannedLoss {
    if (this.plan.loss) return this.plan.loss;
    throw new OptionError('Cannot measure a loss: the session was compiled without "loss"');
  }

  /** The call that x and options ask for, of at most `steps` (default the plan's); one that is refused changes nothing. */
  check(x: ArrayLike<number>, options: CallOptions, training: boolean, steps?: number): Call {
    void this.kernels;
    return this.border.checkCall(x, options, training, this.#last, steps);
  }

  /** Write what goes in and run forward. `pass` numbers the random numbers of a training pass: default one more than the last. */
  run(x: ArrayLike<number>, call: Call, states: InitialStates = "zero", pass?: number): void {
    const k = this.kernels, last = this.#last;
    if (call.training) this.border.writePass(pass ?? ++this.count);
    this.#threads?.share(call);
    this.border.writeInput(x, call);
    this.border.writeStates(k, call, states === "carry" && this.#aside ? this.#aside : states, last);
    this.#last = call;
    this.#aside = undefined;
    this.#ready = true;
    this.plan.layer.forward(k, call);
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
  ): { call: Call; loss: number; count: number } {
    const { loss } = this, call = this.check(data.x, options, training), rows = this.border.targetRows(call);
    const count = loss.check(data, rows);
    loss.write(data, rows, count);
    this.run(data.x, call, options.states, pass);
    loss.forward(this.kernels, this.border.outputCall(call), training);
    return { call, loss: loss.reduce(this.border.scalar(loss.total), count), count };
  }

  /** Forward and the losses of all targets, not reduced. */
  losses(data: Data, options: CallOptions): Float32Array {
    const { loss } = this, call = this.check(data.x, options, false), rows = this.border.targetRows(call);
    loss.check(data, rows);
    loss.write(data, rows);
    this.run(data.x, call, options.states);
    loss.forward(this.kernels, this.border.outputCall(call), false);
    return loss.read(rows);
  }

  /** A copy of the outputs. */
  forward(x: ArrayLike<number>, options: CallOptions, training: boolean): Float32Array {
    const call = this.check(x, options, training);
    this.run(x, call, options.states);
    return this.border.readOutput(call);
  }

  /** A copy of the softmax of the outputs divided by the temperature. */
  probabilities(x: ArrayLike<number>, options: CallOptions & { temperature?: number }): Float32Array {
    const { plan: { layer, settings }, border } = this, { address, stride, columns } = layer.output.value;
    const { temperature = 1 } = options;
    if (layer.output.parts) {
      throw new OptionError(`Cannot make probabilities of two sequences: the net ends with merge "none"`);
    }
    if (!(temperature > 0)) throw new OptionError(`"temperature" must be a number > 0, got ${temperature}`);
    const call = this.check(x, options, false);
    this.run(x, call, options.states);
    const logits = border.readOutput(call), { T, B } = border.outputCall(call);
    border.write(settings, [1 / temperature]);
    this.kernels.softmax(address, address, settings.address, T * B, columns, stride, stride);
    const probabilities = border.readOutput(call);
    // The outputs of a recurrent layer are its states, which the next call may carry on.
    border.writeOutput(logits, call);
    return probabilities;
  }

  /**
   * The last call, whose outputs memory holds.
   *
   * @throws {OptionError} When there was none, or a stream or a call in segments has used the memory since.
   */
  heldCall(what: string): Call {
    if (this.#last && !this.#aside) return this.#last;
    throw new OptionError(`Cannot read ${what}: there was no call, or memory does not hold all of the last one`);
  }

  /** The call that `backward` is for. */
  backwardCall(): Call {
    if (this.#last && this.#ready) return this.#last;
    throw new OptionError("Cannot run backward: it needs a forward of its own before it");
  }

  /** From the gradient in the output's port, and those of the last states, to all others. Adds to the parameters' gradients. */
  backward(call: Call): void {
    const k = this.kernels, { layer } = this.plan;
    this.#ready = false;
    layer.backward(k, call);
    layer.gradients(k, call);
    this.border.addLearnedGradients(k, call);
    this.watch?.(call);
  }

  /** Parameters have changed: renew what is derived from them. */
  refresh(): void {
    this.#ready = false;
    this.plan.layer.refresh(this.kernels);
    this.#threads?.finish();
  }

  /** Copies of the states after the last call. */
  states(): States {
    void this.kernels;
    return this.#last ? this.#aside ?? this.border.lastStates(this.#last) : {};
  }

  /** The states after the last call are these, wherever memory now is. */
  putAside(states: States): void {
    this.#ready = false;
    this.#aside = states;
  }

  /** The next call may carry on from these states of B rows; undefined: from nothing, as after no call. */
  resume(states: States, B: number | undefined): void {
    this.#last = B === undefined ? undefined : makeCall({ T: 1, B, training: false, fresh: false });
    this.putAside(states);
  }

  /** Whether memory still has the activations of a call. */
  holds(call: Call): boolean {
    return this.#last === call && !this.#aside;
  }

  /** The states after the last call are those that this one, of the session's, has started from. */
  takeBack(call: Call, states: States): void {
    this.#last = call.fresh ? undefined : call;
    this.putAside(states);
  }

  /** Run a call that is none of the session's: the states after its last one stay what they are. */
  runApart(x: ArrayLike<number>, call: Call, states: InitialStates): void {
    const k = this.kernels;
    if (this.#last && !this.#aside) this.#aside = this.border.lastStates(this.#last);
    this.#ready = false;
    this.#threads?.share(call);
    this.border.writeInput(x, call);
    this.border.writeStates(k, call, states, undefined);
    this.plan.layer.forward(k, call);
  }
}
