/**
 * A session of several threads that one thread plays, in any order that the barriers allow, call by call. Where a
 * barrier is missing, some order makes a call read what another thread has not written yet.
 */
import type { Layer, PlanOptions, Session } from "../../../mod.ts";
import { KERNEL_NAMES } from "../../../src/kernels/access.ts";
import type { Kernels } from "../../../src/kernels/kernels.ts";
import { loadKernels } from "../../../src/kernels/load.ts";
import type { Arena } from "../../../src/memory/arena.ts";
import { WasmArena } from "../../../src/memory/wasm_arena.ts";
import { planTraining } from "../../../src/session/plan_training.ts";
import { Session as SessionClass } from "../../../src/session/session.ts";
import { Generator } from "../../../src/random/generator.ts";
import { type BatchSteps, Recorder } from "../../../src/threads/recorder.ts";
import { BARRIER, COMMAND_WORDS, END } from "../../../src/threads/replay.ts";
import type { Threads } from "../../../src/threads/threads.ts";

/** Which thread runs next: the first or the last that is not at a barrier, or, by a seed, any of them for a while. */
export type Order = "first" | "last" | number;

/** The calls that each thread has run, and the barriers that they have passed. */
export interface Work {
  readonly calls: number[];
  barriers: number;
}

export interface Interleaved {
  readonly session: Session;
  readonly work: Work;
}

/** A session of `threads` threads, without workers, whose command buffers hold `room` commands. */
export async function interleaved(
  net: Layer,
  options: PlanOptions,
  { threads, order, room = 64 }: { threads: number; order: Order; room?: number },
): Promise<Interleaved> {
  const plan = planTraining(net, options, threads), arena = new WasmArena(plan.bytes);
  const kernels = await loadKernels("exact", arena), work = { calls: new Array<number>(threads).fill(0), barriers: 0 };
  const buffers = Array.from({ length: threads }, () => new Int32Array(COMMAND_WORDS * room));
  const random = new Generator(typeof order === "number" ? order : 0);
  const recorder = new Recorder(plan.planner.map, buffers, finish);

  function finish(): void {
    if (recorder.empty) return;
    recorder.close();
    const at = buffers.map(() => COMMAND_WORDS);
    let thread = 0;
    for (;;) {
      const ready = buffers.flatMap((buffer, i) => buffer[at[i]] > 0 ? [i] : []);
      if (!ready.length) {
        if (buffers.every((buffer, i) => buffer[at[i]] === END)) break;
        if (!buffers.every((buffer, i) => buffer[at[i]] === BARRIER)) throw new Error("barriers do not meet");
        work.barriers++;
        buffers.forEach((_, i) => at[i] += COMMAND_WORDS);
        continue;
      }
      if (order === "first") thread = ready[0];
      else if (order === "last") thread = ready[ready.length - 1];
      else if (!ready.includes(thread) || random.integer(4) === 0) thread = ready[random.integer(ready.length)];
      run(kernels, buffers[thread].subarray(at[thread], at[thread] + COMMAND_WORDS));
      work.calls[thread]++;
      at[thread] += COMMAND_WORDS;
    }
    recorder.clear();
  }

  const finished: Arena = {
    bytes: arena.bytes,
    floats: (address, length) => (finish(), arena.floats(address, length)),
    ints: (address, length) => (finish(), arena.ints(address, length)),
    doubles: (address, length) => (finish(), arena.doubles(address, length)),
  };
  const played = {
    count: threads,
    partition: (batch: BatchSteps) => (finish(), recorder.partition(batch)),
    finish,
    [Symbol.dispose]() {},
  };
  const session = new SessionClass(plan, recorder.kernels, finished, played as unknown as Threads);
  return { session, work };
}

function run(kernels: Kernels, [kernel, ...args]: Int32Array): void {
  (kernels[KERNEL_NAMES[kernel - 1]] as (...args: number[]) => void)(...args);
}
