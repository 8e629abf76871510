import { DisposedError, OptionError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Threads } from "../threads/threads.ts";
import type { HostIO } from "./host_io.ts";
import { allSteps, type CallOptions, type PackedBatch, type States } from "./packed_batch.ts";
import type { NetPlan } from "./plan.ts";

/** Passes through a net, and what the last one left behind. */
export class Runner {
  readonly plan: NetPlan;
  readonly io: HostIO;
  /** Until disposal: the instance that they belong to holds the memory. */
  #kernels: Kernels | undefined;
  #threads: Threads | undefined;
  /** Why the parameters cannot be relied on any more. */
  protected broken: Error | undefined;
  /** The last call, and its states where memory does not hold them any more. */
  protected last: PackedBatch | undefined;
  protected aside: States | undefined;
  /** Whether memory holds what `backward` needs: activations of the last call, made with these parameters. */
  protected ready = false;
  /** Training passes so far. */
  count = 0;
  /** Goes up when memory, or a parameter, is not what it was. */
  uses = 0;

  constructor(plan: NetPlan, kernels: Kernels, border: HostIO, threads?: Threads) {
    this.plan = plan;
    this.io = border;
    this.#kernels = kernels;
    this.#threads = threads;
  }

  /** Give up the memory and the threads. */
  release(): void {
    this.#kernels = undefined;
    this.#threads?.[Symbol.dispose]();
    this.#threads = undefined;
    this.io.release();
  }

  /** The kernels; DisposedError after `release`. */
  get kernels(): Kernels {
    if (!this.#kernels) throw new DisposedError("Cannot use this session: it was disposed");
    if (this.broken) throw this.broken;
    return this.#kernels;
  }

  /** The call that x and options ask for, of at most `steps` (default the plan's); one that is refused changes nothing. */
  check(x: ArrayLike<number>, options: CallOptions, training: boolean, steps?: number): PackedBatch {
    void this.kernels;
    return this.io.checkCall(x, options, training, this.last, steps);
  }

  /** Write what goes in and run forward. `pass` numbers the random numbers of a training pass: default one more than the last. */
  run(
    x: ArrayLike<number>,
    call: PackedBatch,
    { states = "zero", decoderInput }: Pick<CallOptions, "states" | "decoderInput">,
    pass?: number,
  ): void {
    const k = this.kernels, last = this.last;
    if (call.training) this.io.writePass(pass ?? ++this.count);
    this.#threads?.partition(allSteps(call));
    this.uses++;
    this.io.writeInput(x, call, decoderInput);
    this.io.writeStates(k, call, states === "carry" && this.aside ? this.aside : states, last);
    this.last = call;
    this.aside = undefined;
    this.ready = true;
    this.plan.layer.forward(k, call);
  }

  /** A copy of the outputs. */
  forward(x: ArrayLike<number>, options: CallOptions, training: boolean): Float32Array {
    const call = this.check(x, options, training);
    this.run(x, call, options);
    return this.io.readOutput(call);
  }

  /** A copy of the softmax of the outputs divided by the temperature. */
  probabilities(x: ArrayLike<number>, options: CallOptions & { temperature?: number }): Float32Array {
    const { plan: { layer, settings }, io: border } = this, { address, stride, columns } = layer.output.value;
    const { temperature = 1 } = options;
    if (layer.output.parts) {
      throw new OptionError(`Cannot make probabilities of two sequences: the net ends with merge "none"`);
    }
    if (!(temperature > 0)) throw new OptionError(`"temperature" must be a number > 0, got ${temperature}`);
    const call = this.check(x, options, false);
    this.run(x, call, options);
    const logits = border.readOutput(call), { T, B } = border.outputCall(call);
    border.write(settings, [1 / temperature]);
    this.kernels.softmax(address, address, settings.address, T * B, columns, stride, stride);
    const probabilities = border.readOutput(call);
    // The outputs of a recurrent layer are its states, which the next call may carry on.
    border.writeOutput(logits, call);
    return probabilities;
  }

  /** Parameters have changed: renew what is derived from them. */
  refresh(): void {
    this.ready = false;
    this.uses++;
    this.plan.layer.refresh(this.kernels);
    this.#threads?.finish();
  }

  /** Copies of the states after the last call. */
  states(): States {
    void this.kernels;
    return this.last ? this.aside ?? this.io.lastStates(this.last) : {};
  }

  /** Run a call that is none of the session's: the states after its last one stay what they are. */
  runApart(call: PackedBatch, run: (k: Kernels) => void): void {
    const k = this.kernels;
    if (this.last && !this.aside) this.aside = this.io.lastStates(this.last);
    this.ready = false;
    this.#threads?.partition(allSteps(call));
    this.uses++;
    run(k);
  }
}
