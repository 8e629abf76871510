import { ThreadError } from "../errors.ts";
import { KERNEL_NAMES } from "../kernels/access.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Arena } from "../memory/arena.ts";
import type { MemoryMap } from "../memory/memory_map.ts";
import type { WasmArena } from "../memory/wasm_arena.ts";
import { Resource } from "../resource.ts";
import { type BatchSteps, Recorder } from "./recorder.ts";
import { COMMAND_WORDS, CONTROL_WORDS, FAILED, MESSAGE, MESSAGE_LENGTH, PASSED, replay, STOPPED } from "./replay.ts";
import { type StartedWorker, startWorker } from "./worker.ts";

/** Commands of a command buffer: 128 KiB a thread. */
const COMMANDS = 2048;

/** Milliseconds that a thread may keep the others waiting: far more than any one kernel takes. */
const TIMEOUT = 60_000;

/**
 * The script of a worker. The worker receives a compiled module and shared memory, never code of the library or of the
 * user. It reports that it has started, then waits, in `replay`, for the first commands. From then on the main thread
 * reaches the worker through shared memory only.
 */
const script = () =>
  `port.onmessage = ({ data: { module, memory, control, commands, names, threads } }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const kernels = [undefined, ...names.map((name) => exports[name])], replay = ${replay};
  port.postMessage("ready");
  try {
    while (!control[${STOPPED}]) replay(control, commands, kernels, threads, Infinity);
  } catch {
    // The main thread has read why.
  }
};`;

/** The resources that the threads of a session share. */
interface ThreadResources {
  readonly module: WebAssembly.Module;
  /** The kernels of the main thread. */
  readonly kernels: Kernels;
  readonly arena: WasmArena;
  readonly map: MemoryMap;
}

/** Workers that run, and the control words that they share with the calling thread. */
interface Crew {
  readonly control: Int32Array;
  readonly workers: StartedWorker[];
  /** Ends a start that waits for the workers. */
  giveUp?: () => void;
}

/**
 * The threads of a session: the calling thread, and workers between `start` and `rest`. They record the calls of
 * `kernels`, and run them all at once when memory is read through `arena`, or by `finish`.
 */
export class Threads extends Resource {
  /** Kernels that record their calls. */
  readonly kernels: Kernels;
  /** The memory, with all recorded calls run. */
  readonly arena: Arena;
  /** Number of threads, with all workers. */
  readonly count: number;
  readonly #resources: ThreadResources;
  readonly #recorder: Recorder;
  readonly #buffers: readonly Int32Array[];
  /** The kernels of the calling thread, by the numbers in the command buffer. */
  readonly #kernels: readonly ((...args: number[]) => void)[];
  readonly #timeout: number;
  /** Control words for replays on the calling thread alone. */
  readonly #soloControl = new Int32Array(CONTROL_WORDS);
  #crew: Crew | undefined;
  /** Threads that compute. */
  #used = 1;
  #failure: ThreadError | undefined;

  /** Threads without workers: the calling thread computes alone. */
  constructor(count: number, resources: ThreadResources, timeout = TIMEOUT) {
    super();
    const { kernels, arena, map } = resources;
    this.count = count;
    this.#resources = resources;
    this.#timeout = timeout;
    this.#buffers = Array.from(
      { length: count },
      () => new Int32Array(new SharedArrayBuffer(4 * COMMAND_WORDS * COMMANDS)),
    );
    this.#kernels = [() => {}, ...KERNEL_NAMES.map((name) => kernels[name] as (...args: number[]) => void)];
    this.#recorder = new Recorder(map, this.#buffers, () => this.finish());
    this.#recorder.use(1);
    this.kernels = this.#recorder.kernels;
    this.arena = {
      bytes: arena.bytes,
      floats: (address, length) => (this.finish(), arena.floats(address, length)),
      ints: (address, length) => (this.finish(), arena.ints(address, length)),
      doubles: (address, length) => (this.finish(), arena.doubles(address, length)),
    };
  }

  /** Whether workers run. */
  get areStarted(): boolean {
    return this.#crew !== undefined;
  }

  /** Number of threads that compute: 1 without workers. */
  get used(): number {
    return this.#used;
  }

  /**
   * Start the workers, `count` - 1 beside the calling thread. All threads compute then.
   *
   * @throws {ThreadError} When a worker does not start.
   */
  async start(): Promise<void> {
    if (this.#crew) return;
    const { module, arena } = this.#resources;
    const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_WORDS)), workers: StartedWorker[] = [];
    const crew: Crew = this.#crew = { control, workers };
    const { memory } = arena, data = { module, memory, control, names: KERNEL_NAMES, threads: this.count };
    try {
      for (const commands of this.#buffers.slice(1)) {
        const started = startWorker(script());
        workers.push(started);
        started.worker.postMessage({ ...data, commands });
      }
      const ended = new Promise<void>((resolve) => crew.giveUp = resolve);
      await Promise.race([ended, Promise.all(workers.map(({ firstMessage }) => firstMessage))]);
    } catch (error) {
      this.rest();
      throw new ThreadError(`Cannot start ${this.count} threads: ${(error as Error).message}`);
    }
    if (this.#crew === crew) this.use(this.count);
  }

  /** Let so many threads compute from now on: 1 or, after `start`, all. Bits do not depend on the number. */
  use(threads: number): void {
    this.finish();
    this.#used = threads;
    this.#recorder.use(threads);
  }

  /** Partition the rows of a batch among the threads, for all calls from now on. */
  partition(batch: BatchSteps): void {
    this.finish();
    this.#recorder.partition(batch);
  }

  /**
   * Run all recorded calls.
   *
   * @throws {ThreadError} When a thread fails. After the first failure every call throws the same error and computes
   * nothing.
   */
  finish(): void {
    const recorder = this.#recorder;
    if (recorder.empty) return;
    recorder.close();
    try {
      if (this.#failure) throw this.#failure;
      // When the calling thread has all calls, the workers sleep on.
      const control = recorder.solo ? this.#soloControl : this.#crew!.control;
      replay(control, this.#buffers[0], this.#kernels, recorder.solo ? 1 : this.count, this.#timeout);
    } catch (error) {
      throw this.#failure ??= this.#failed(error as Error);
    } finally {
      recorder.clear();
    }
  }

  /** End the workers. The calling thread computes alone, until the next `start`. */
  rest(): void {
    this.use(1);
    this.#end();
  }

  /** End the workers. The memory can still be read. */
  override dispose(): void {
    this.#end();
  }

  #end(): void {
    if (!this.#crew) return;
    const { control, workers, giveUp } = this.#crew;
    this.#crew = undefined;
    Atomics.store(control, STOPPED, 1);
    Atomics.add(control, PASSED, 1);
    Atomics.notify(control, PASSED);
    for (const { worker } of workers) worker.terminate();
    giveUp?.();
  }

  #failed(error: Error): ThreadError {
    const control = this.#crew?.control ?? this.#soloControl;
    const codes = control.subarray(MESSAGE, MESSAGE + MESSAGE_LENGTH);
    const failed = Atomics.load(control, FAILED);
    const first = failed ? String.fromCharCode(...codes).replace(/\0.*/s, "") : `${error}`;
    this.#end();
    return new ThreadError(`Cannot compute: a thread of this session failed with "${first}"; compile it anew`);
  }
}
