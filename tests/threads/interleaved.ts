/**
 * A session whose work is shared out among threads that are all played by one: in any order that the barriers allow, call
 * by call. A call that ought to wait for another thread's and does not meets, in some order, what is not there yet.
 */
import type { Layer, PlanOptions, Session } from "../../mod.ts";
import type { Kernels } from "../../src/kernels/kernels.ts";
import { loadKernels } from "../../src/kernels/load.ts";
import type { Arena } from "../../src/memory/arena.ts";
import { WasmArena } from "../../src/memory/wasm_arena.ts";
import { planTraining } from "../../src/session/plan_training.ts";
import { Session as SessionClass } from "../../src/session/session.ts";
import { Generator } from "../../src/random/generator.ts";
import { NAMES } from "../../src/threads/calls.ts";
import { Recorder } from "../../src/threads/recorder.ts";
import { BARRIER, END, WORDS } from "../../src/threads/replay.ts";
import type { Threads } from "../../src/threads/threads.ts";

/** Which thread goes on: the first or the last that can, or, for a while each, any. */
export type Order = "first" | "last" | number;

/** What was run: the calls of each thread, and how often they waited for each other. */
export interface Work {
  readonly calls: number[];
  barriers: number;
}

export interface Interleaved {
  readonly session: Session;
  readonly work: Work;
}

/** A session of so many threads, without workers, that runs at most so many calls at once; an order may be a seed. */
export async function interleaved(
  net: Layer,
  options: PlanOptions,
  { threads, order, room = 64 }: { threads: number; order: Order; room?: number },
): Promise<Interleaved> {
  const plan = planTraining(net, options, threads), arena = new WasmArena(plan.bytes);
  const kernels = await loadKernels("exact", arena), work = { calls: new Array<number>(threads).fill(0), barriers: 0 };
  const programs = Array.from({ length: threads }, () => new Int32Array(WORDS * room));
  const random = new Generator(typeof order === "number" ? order : 0);
  const recorder = new Recorder(plan.planner.map, programs, finish);

  function finish(): void {
    if (recorder.empty) return;
    recorder.close();
    const places = programs.map(() => WORDS);
    let thread = 0;
    for (;;) {
      const able = programs.flatMap((program, i) => program[places[i]] > 0 ? [i] : []);
      if (!able.length) {
        if (programs.every((program, i) => program[places[i]] === END)) break;
        if (!programs.every((program, i) => program[places[i]] === BARRIER)) throw new Error("barriers do not meet");
        work.barriers++;
        programs.forEach((_, i) => places[i] += WORDS);
        continue;
      }
      if (order === "first") thread = able[0];
      else if (order === "last") thread = able[able.length - 1];
      else if (!able.includes(thread) || random.integer(4) === 0) thread = able[random.integer(able.length)];
      const program = programs[thread], at = places[thread];
      run(kernels, program.subarray(at, at + WORDS));
      work.calls[thread]++;
      places[thread] += WORDS;
    }
    recorder.clear();
  }

  const looking: Arena = {
    bytes: arena.bytes,
    floats: (address, length) => (finish(), arena.floats(address, length)),
    ints: (address, length) => (finish(), arena.ints(address, length)),
    doubles: (address, length) => (finish(), arena.doubles(address, length)),
  };
  const team = {
    count: threads,
    share: (extent: Parameters<Recorder["share"]>[0]) => (finish(), recorder.share(extent)),
    finish,
    [Symbol.dispose]() {},
  };
  const session = new SessionClass(plan, recorder.kernels, looking, team as unknown as Threads);
  return { session, work };
}

function run(kernels: Kernels, [kernel, ...args]: Int32Array): void {
  (kernels[NAMES[kernel - 1]] as (...args: number[]) => void)(...args);
}
