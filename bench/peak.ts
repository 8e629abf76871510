/**
 * The limit of one thread and 128-bit vectors on this machine, now: multiply-adds on registers alone
 * (assembly/peak.ts). `"fast"`, fused, is the limit that percentages refer to, in both builds; `"exact"` does a
 * multiplication, then an addition, as the exact build has to. That loop is no strict limit: how V8 schedules it
 * decides, and a product can come out a few percent above. As a program, prints both.
 *
 *     deno task bench:peak
 */
import { Builds } from "../src/kernels/builds.ts";
import type { Numerics } from "../src/kernels/load.ts";
import { processorTime } from "./clock.ts";
import modules from "./generated/peak.ts";

/** The loop of one build, warm. */
export interface Peak {
  /** Do at least this many floating-point operations. */
  run(flops: number): void;
  /** Operations per second at this moment: 5 ms of processor time. */
  rate(): number;
}

const FLOPS_PER_TURN = 96;
/** About 30 us a call: V8 replaces slow code by fast code only from one call to the next. */
const TURNS = 20_000;
const WARM_UP_CALLS = 20_000, WARM_UP_TURNS = 2000;
const RATE_MS = 5;

const builds = new Builds(modules);

/** The loop of a build: the unfused one where the engine has no fused multiply-add, as with the kernels themselves. */
export async function peak(numerics: Numerics): Promise<Peak> {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const factors = new Float32Array(memory.buffer, 0, 8).fill(0.999, 0, 4).fill(0.001, 4);
  const module = await (numerics === "fast" ? builds.fastest() : builds.exact());
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const multiplyAdds = instance.exports.multiplyAdds as (p: number, n: number) => number;
  for (let i = 0; i < WARM_UP_CALLS; i++) multiplyAdds(factors.byteOffset, WARM_UP_TURNS);

  function run(flops: number): void {
    let turns = Math.ceil(flops / FLOPS_PER_TURN);
    for (; turns > TURNS; turns -= TURNS) multiplyAdds(factors.byteOffset, TURNS);
    multiplyAdds(factors.byteOffset, turns);
  }

  function rate(): number {
    const start = processorTime();
    let flops = 0, elapsed = 0;
    while (elapsed < RATE_MS) {
      multiplyAdds(factors.byteOffset, TURNS);
      flops += TURNS * FLOPS_PER_TURN;
      elapsed = processorTime() - start;
    }
    return flops / elapsed * 1000;
  }

  return { run, rate };
}

if (import.meta.main) {
  console.log("limit of one thread and 128-bit vectors, GFLOP/s     median    best");
  for (const [numerics, what] of [["fast", "fused multiply-add"], ["exact", "multiply, then add"]] as const) {
    const limit = await peak(numerics);
    const rates = Array.from({ length: 101 }, () => limit.rate() / 1e9).sort((a, b) => a - b);
    const figures = [rates[50], rates[100]].map((rate) => rate.toFixed(1).padStart(8)).join("");
    console.log(`  ${numerics} (${what})`.padEnd(51) + figures);
  }
}
