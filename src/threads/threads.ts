import { ThreadError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Arena } from "../memory/arena.ts";
import type { MemoryMap } from "../memory/planner.ts";
import type { WasmArena } from "../memory/wasm_arena.ts";
import { NAMES } from "./calls.ts";
import { canLaunch, launch, type Launched } from "./launch.ts";
import { Recorder } from "./recorder.ts";
import { CONTROL_WORDS, FAILED, MESSAGE, MESSAGE_LENGTH, PASSED, replay, STOPPED, WORDS } from "./replay.ts";

/** Calls that are recorded before they are run, at most: 128 KiB a thread. */
const CALLS = 2048;

/** How long a thread may keep the others waiting, in milliseconds: far longer than any one kernel takes. */
const PATIENCE = 60_000;

/**
 * What a worker does. It gets a compiled module and shared memory, never code of ours or of the user's. It tells that it
 * is there, then waits, in `replay`, for the first program; from then on it hears of the main thread through memory only.
 */
const WORKER = `port.onmessage = ({ data: { module, memory, control, program, names, threads } }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const kernels = [undefined, ...names.map((name) => exports[name])], replay = ${replay};
  port.postMessage("ready");
  try {
    while (!control[${STOPPED}]) replay(control, program, kernels, threads, Infinity);
  } catch {
    // The main thread has read why.
  }
};`;

/** What threads work with. */
export interface Workshop {
  readonly module: WebAssembly.Module;
  /** The kernels of the main thread. */
  readonly kernels: Kernels;
  readonly arena: WasmArena;
  readonly map: MemoryMap;
}

/**
 * Threads that share the work of a session; the first of them is the one that runs the session. Calls of `kernels` are
 * recorded, and run by all threads at once when memory is looked at, through `arena`, or by `finish`.
 */
export class Threads implements Disposable {
  readonly kernels: Kernels;
  readonly arena: Arena;
  /** How many they are. */
  readonly count: number;
  readonly #recorder: Recorder;
  readonly #control: Int32Array;
  readonly #program: Int32Array;
  readonly #own: readonly ((...args: number[]) => void)[];
  readonly #workers: readonly Launched[];
  readonly #patience: number;
  /** The control words of programs that need no other thread. */
  readonly #alone = new Int32Array(CONTROL_WORDS);
  #failure: ThreadError | undefined;

  /** Whether there can be more than one thread here. */
  static available(): boolean {
    return canLaunch();
  }

  /**
   * Start all but the first.
   *
   * @throws {ThreadError} When one does not start.
   */
  static async start(count: number, { module, kernels, arena, map }: Workshop, patience = PATIENCE): Promise<Threads> {
    const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_WORDS));
    const programs = Array.from({ length: count }, () => new Int32Array(new SharedArrayBuffer(4 * WORDS * CALLS)));
    const workers: Launched[] = [];
    try {
      for (const program of programs.slice(1)) {
        const worker = launch(WORKER);
        workers.push(worker);
        worker.send({ module, memory: arena.memory, control, program, names: NAMES, threads: count });
      }
      await Promise.all(workers.map(({ answer }) => answer));
    } catch (error) {
      for (const worker of workers) worker.terminate();
      throw new ThreadError(`Cannot start ${count} threads: ${(error as Error).message}`);
    }
    return new Threads(kernels, arena, map, control, programs, workers, patience);
  }

  private constructor(
    kernels: Kernels,
    arena: Arena,
    map: MemoryMap,
    control: Int32Array,
    programs: readonly Int32Array[],
    workers: readonly Launched[],
    patience: number,
  ) {
    this.count = programs.length;
    this.#control = control;
    this.#program = programs[0];
    this.#workers = workers;
    this.#patience = patience;
    this.#own = [() => {}, ...NAMES.map((name) => kernels[name] as (...args: number[]) => void)];
    this.#recorder = new Recorder(map, programs, () => this.finish());
    this.kernels = this.#recorder.kernels;
    this.arena = {
      bytes: arena.bytes,
      floats: (address, length) => (this.finish(), arena.floats(address, length)),
      ints: (address, length) => (this.finish(), arena.ints(address, length)),
      doubles: (address, length) => (this.finish(), arena.doubles(address, length)),
    };
  }

  /** From now on a time step has B rows, of which `active(t)` take part in step t. */
  share(extent: { T: number; B: number; active: (t: number) => number }): void {
    this.finish();
    this.#recorder.share(extent);
  }

  /**
   * Run all calls so far.
   *
   * @throws {ThreadError} When a thread fails, now or earlier: there is one failure, after it nothing is computed.
   */
  finish(): void {
    const recorder = this.#recorder;
    if (recorder.empty) return;
    recorder.close();
    try {
      if (this.#failure) throw this.#failure;
      // Nobody is woken when the first thread has all calls.
      if (recorder.alone) replay(this.#alone, this.#program, this.#own, 1, this.#patience);
      else replay(this.#control, this.#program, this.#own, this.count, this.#patience);
    } catch (error) {
      throw this.#failure ??= this.#failed(error as Error);
    } finally {
      recorder.clear();
    }
  }

  /** Let the workers go: what is in memory can still be read. */
  [Symbol.dispose](): void {
    Atomics.store(this.#control, STOPPED, 1);
    Atomics.add(this.#control, PASSED, 1);
    Atomics.notify(this.#control, PASSED);
    for (const worker of this.#workers) worker.terminate();
  }

  #failed(error: Error): ThreadError {
    const codes = this.#control.subarray(MESSAGE, MESSAGE + MESSAGE_LENGTH);
    const first = Atomics.load(this.#control, FAILED) ? String.fromCharCode(...codes).replace(/\0.*/s, "") : `${error}`;
    this[Symbol.dispose]();
    return new ThreadError(`Cannot compute: a thread of this session failed with "${first}"; compile it anew`);
  }
}
