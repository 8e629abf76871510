import { ThreadError } from "../errors.ts";
import { KERNEL_NAMES } from "../kernels/access.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Arena } from "../memory/arena.ts";
import type { MemoryMap } from "../memory/memory_map.ts";
import type { WasmArena } from "../memory/wasm_arena.ts";
import { Resource } from "../resource.ts";
import { type BatchSteps, Recorder } from "./recorder.ts";
import { COMMAND_WORDS, CONTROL_WORDS, FAILED, MESSAGE, MESSAGE_LENGTH, PASSED, replay, STOPPED } from "./replay.ts";
import { canStartWorkers, type StartedWorker, startWorker } from "./worker.ts";

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
  `port.onmessage = ({ data: { modules, memory, control, commands, names, threads } }) => {
  const exports = Object.assign({}, ...modules.map((module) => new WebAssembly.Instance(module, { env: { memory } }).exports));
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
  readonly modules: readonly WebAssembly.Module[];
  /** The kernels of the main thread. */
  readonly kernels: Kernels;
  readonly arena: WasmArena;
  readonly map: MemoryMap;
}

/**
 * The threads of a session: the calling thread and workers. They record the calls of `kernels`, and run them all at
 * once when memory is read through `arena`, or by `finish`.
 */
export class Threads extends Resource {
  /** Kernels that record their calls. */
  readonly kernels: Kernels;
  /** The memory, with all recorded calls run. */
  readonly arena: Arena;
  /** Number of threads. */
  readonly count: number;
  readonly #recorder: Recorder;
  readonly #control: Int32Array;
  /** The command buffer of the calling thread. */
  readonly #commands: Int32Array;
  /** The kernels of the calling thread, by the numbers in the command buffer. */
  readonly #kernels: readonly ((...args: number[]) => void)[];
  readonly #workers: readonly StartedWorker[];
  readonly #timeout: number;
  /** Control words for replays on the calling thread alone. */
  readonly #soloControl = new Int32Array(CONTROL_WORDS);
  #failure: ThreadError | undefined;

  /** Whether this engine, and the calling thread, allow more than one thread. */
  static available(): boolean {
    return canStartWorkers();
  }

  /**
   * Start `count` - 1 workers beside the calling thread.
   *
   * @throws {ThreadError} When a worker does not start.
   */
  static async start(
    count: number,
    { modules, kernels, arena, map }: ThreadResources,
    timeout = TIMEOUT,
  ): Promise<Threads> {
    const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_WORDS));
    const buffers = Array.from(
      { length: count },
      () => new Int32Array(new SharedArrayBuffer(4 * COMMAND_WORDS * COMMANDS)),
    );
    const workers: StartedWorker[] = [];
    try {
      for (const commands of buffers.slice(1)) {
        const started = startWorker(script());
        workers.push(started);
        started.worker.postMessage({
          modules,
          memory: arena.memory,
          control,
          commands,
          names: KERNEL_NAMES,
          threads: count,
        });
      }
      await Promise.all(workers.map(({ firstMessage }) => firstMessage));
    } catch (error) {
      for (const { worker } of workers) worker.terminate();
      throw new ThreadError(`Cannot start ${count} threads: ${(error as Error).message}`);
    }
    return new Threads(kernels, arena, map, control, buffers, workers, timeout);
  }

  private constructor(
    kernels: Kernels,
    arena: Arena,
    map: MemoryMap,
    control: Int32Array,
    buffers: readonly Int32Array[],
    workers: readonly StartedWorker[],
    timeout: number,
  ) {
    super();
    this.count = buffers.length;
    this.#control = control;
    this.#commands = buffers[0];
    this.#workers = workers;
    this.#timeout = timeout;
    this.#kernels = [() => {}, ...KERNEL_NAMES.map((name) => kernels[name] as (...args: number[]) => void)];
    this.#recorder = new Recorder(map, buffers, () => this.finish());
    this.kernels = this.#recorder.kernels;
    this.arena = {
      bytes: arena.bytes,
      floats: (address, length) => (this.finish(), arena.floats(address, length)),
      ints: (address, length) => (this.finish(), arena.ints(address, length)),
      doubles: (address, length) => (this.finish(), arena.doubles(address, length)),
    };
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
      if (recorder.solo) replay(this.#soloControl, this.#commands, this.#kernels, 1, this.#timeout);
      else replay(this.#control, this.#commands, this.#kernels, this.count, this.#timeout);
    } catch (error) {
      throw this.#failure ??= this.#failed(error as Error);
    } finally {
      recorder.clear();
    }
  }

  /** Stop the workers. The memory can still be read. */
  override dispose(): void {
    Atomics.store(this.#control, STOPPED, 1);
    Atomics.add(this.#control, PASSED, 1);
    Atomics.notify(this.#control, PASSED);
    for (const { worker } of this.#workers) worker.terminate();
  }

  #failed(error: Error): ThreadError {
    const codes = this.#control.subarray(MESSAGE, MESSAGE + MESSAGE_LENGTH);
    const failed = Atomics.load(this.#control, FAILED);
    const first = failed ? String.fromCharCode(...codes).replace(/\0.*/s, "") : `${error}`;
    this.dispose();
    return new ThreadError(`Cannot compute: a thread of this session failed with "${first}"; compile it anew`);
  }
}
