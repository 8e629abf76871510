import { DisposedError } from "../../errors.ts";
import { int8Of, type KernelOptions } from "../../kernels/builds.ts";
import type { CompiledNet } from "../../runtime/compiled_net.ts";
import type { Tensors } from "../../runtime/state_dict.ts";

/** The largest call that a net is compiled for. */
export interface SessionSize {
  /** Rows B. */
  readonly batch: number;
  /** Time steps T. */
  readonly steps: number;
  /** Time steps of the decoder; undefined in a net without a decoder. */
  readonly decoderSteps?: number;
}

/** A net, and whose parameters it has. */
interface Follower<Net extends CompiledNet = CompiledNet> {
  readonly net: Net;
  owner?: CompiledNet;
  /** The version of the owner's parameters. */
  version?: number;
}

/**
 * The parameters of a model. They are those of one net, the owner: of the model's first net, or of the session of its
 * last training. Other nets take them when they have changed.
 */
export class ModelParameters {
  readonly #first: Follower;
  #owner: CompiledNet;
  readonly #pools: Pick<NetPool, "dispose">[] = [];
  #isDisposed = false;

  constructor(first: CompiledNet) {
    this.#first = { net: first };
    this.#owner = first;
  }

  /** The net that has the parameters: only to read and to train them. */
  get owner(): CompiledNet {
    this.requireOpen();
    return this.#owner;
  }

  /** Make this net, which has the parameters already, their owner. The owner before is disposed. */
  move(owner: CompiledNet): void {
    const before = this.owner;
    this.#owner = owner;
    if (before !== this.#first.net) before.dispose();
  }

  /**
   * A net with the parameters of this moment, for one computation within one task of the event loop: nothing may keep
   * what its memory holds.
   */
  get now(): CompiledNet {
    this.refresh();
    return this.#first.net;
  }

  /** Give the net of `now` the parameters of this moment. */
  refresh(): void {
    this.follow(this.#first);
  }

  /** The net of a follower, which gets the parameters of this moment if it does not have them. */
  follow<Net extends CompiledNet>(follower: Follower<Net>): Net {
    const { owner } = this;
    const { parameterVersion } = owner.runner;
    if (follower.net.runner !== owner.runner && (follower.owner !== owner || follower.version !== parameterVersion)) {
      follower.net.setParameters(owner.parameters());
      follower.owner = owner;
      follower.version = parameterVersion;
    }
    return follower.net;
  }

  /** @throws {DisposedError} When the model was disposed. */
  requireOpen(): void {
    if (this.#isDisposed) throw new DisposedError("Cannot use this model: it was disposed");
  }

  /** Dispose a pool with the parameters that its nets take. */
  disposeWith(pool: Pick<NetPool, "dispose">): void {
    this.#pools.push(pool);
  }

  /** Release the memory of all nets. */
  dispose(): void {
    this.#isDisposed = true;
    for (const pool of this.#pools) pool.dispose();
    this.#first.net.dispose();
    this.#owner.dispose();
  }
}

/** The parameters of a net as int8, where the options have the kernels. Whoever loads them without is refused there. */
export function int8Tensors(net: CompiledNet, options: KernelOptions): Tensors {
  return int8Of(options)?.pack(net.parameters()) ?? net.parameters();
}

/** Computations of a pool that run at once; others wait for their turn. */
const MOST_RUNNING = 4;
/** Nets that are kept for later computations. */
const MOST_IDLE = 2;
/** A net is not kept if it has so many bytes beside its parameters and their packed copies. */
const LARGE = 2 ** 26;

/**
 * Nets for computations that span several tasks of the event loop. A computation has a net of its own, with the
 * parameters of the time when it began: computations and trainings do not disturb each other.
 */
export class NetPool<Net extends CompiledNet = CompiledNet> {
  readonly #compile: (size: SessionSize) => Promise<Net>;
  readonly #parameters: ModelParameters;
  readonly #isFit: (net: Net) => boolean;
  readonly #all = new Set<Net>();
  /** The nets that no computation has, the last used ones first. */
  readonly #idle: Follower<Net>[] = [];
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #isDisposed = false;

  /**
   * A pool of the nets that `compile` makes; it is disposed with the parameters.
   *
   * @param isFit Whether a net is still one that `compile` would make. Default: every net.
   */
  constructor(
    parameters: ModelParameters,
    compile: (size: SessionSize) => Promise<Net>,
    isFit: (net: Net) => boolean = () => true,
  ) {
    this.#isFit = isFit;
    this.#parameters = parameters;
    this.#compile = compile;
    parameters.disposeWith(this);
  }

  /** Compute in a net for calls of this size. The net is returned to the pool when `use` has ended. */
  async run<Result>(size: SessionSize, use: (net: Net) => Result | Promise<Result>): Promise<Result> {
    this.#parameters.requireOpen();
    if (this.#running < MOST_RUNNING) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let follower: Follower<Net> | undefined;
    try {
      follower = await this.#take(size);
      return await use(this.#parameters.follow(follower));
    } catch (error) {
      this.#parameters.requireOpen(); // The error of a model that was disposed meanwhile speaks of the model.
      throw error;
    } finally {
      if (follower) this.#giveBack(follower);
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  /** The smallest idle net that is large enough, or a new one. */
  async #take(size: SessionSize): Promise<Follower<Net>> {
    const fitting = this.#idle.filter(({ net }) => this.#isFit(net) && isEnough(net, size));
    const [smallest] = fitting.sort((a, b) => a.net.bytes - b.net.bytes);
    if (smallest) {
      this.#idle.splice(this.#idle.indexOf(smallest), 1);
      return smallest;
    }
    const net = await this.#compile(size);
    this.#all.add(net);
    return { net };
  }

  #giveBack(follower: Follower<Net>): void {
    const { bytes, runner } = follower.net;
    const isKept = !this.#isDisposed && bytes - 8 * runner.plan.planner.elements < LARGE;
    if (isKept) this.#idle.unshift(follower);
    for (const { net } of isKept ? this.#idle.splice(MOST_IDLE) : [follower]) {
      this.#all.delete(net);
      net.dispose();
    }
  }

  /** Release the memory. */
  dispose(): void {
    this.#isDisposed = true;
    for (const net of this.#all) net.dispose();
    this.#all.clear();
  }
}

function isEnough({ batch, steps, runner }: CompiledNet, size: SessionSize): boolean {
  const { decoderSteps } = runner.plan.options;
  return batch >= size.batch && steps >= size.steps && (!size.decoderSteps || decoderSteps >= size.decoderSteps);
}
