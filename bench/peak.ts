/**
 * The current limit of one thread and 128-bit vectors on this machine: multiply-adds on registers alone
 * (assembly/peak.ts). Percentages of both builds refer to the fused loop, `"fast"`. The loop `"exact"` has a
 * multiplication and an addition, like the exact build. `"exact"` is not a strict limit: its rate depends on V8's
 * instruction scheduling, and a matmul can be a few percent faster. As a program, this file prints both limits:
 *
 *     deno task bench:peak
 */
import { Builds } from "../src/kernels/builds.ts";
import type { Numerics } from "../src/kernels/load.ts";
import { processorTime } from "./clock.ts";
import modules from "./generated/peak.ts";

/** The loop of one build, compiled and warm. */
export interface Peak {
  /** Run at least this many floating-point operations. */
  run(flops: number): void;
  /** Operations per second now, measured for 5 ms of processor time. */
  rate(): number;
}

const FLOPS_PER_ITERATION = 96;
/** About 30 us a call. Calls must be short, because V8 replaces slow code only between two calls. */
const ITERATIONS = 20_000;
const WARM_UP_CALLS = 20_000, WARM_UP_ITERATIONS = 2000;
const RATE_MS = 5;

const builds = new Builds(modules);

/** Load and warm the loop of a build. Without relaxed SIMD the engine runs the unfused loop, as for the kernels. */
export async function peak(numerics: Numerics): Promise<Peak> {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const factors = new Float32Array(memory.buffer, 0, 8).fill(0.999, 0, 4).fill(0.001, 4);
  const module = await (numerics === "fast" ? builds.fastest() : builds.exact());
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const multiplyAdds = instance.exports.multiplyAdds as (p: number, n: number) => number;
  for (let i = 0; i < WARM_UP_CALLS; i++) multiplyAdds(factors.byteOffset, WARM_UP_ITERATIONS);

  function run(flops: number): void {
    let rest = Math.ceil(flops / FLOPS_PER_ITERATION);
    for (; rest > ITERATIONS; rest -= ITERATIONS) multiplyAdds(factors.byteOffset, ITERATIONS);
    multiplyAdds(factors.byteOffset, rest);
  }

  function rate(): number {
    const start = processorTime();
    let flops = 0, elapsed = 0;
    while (elapsed < RATE_MS) {
      multiplyAdds(factors.byteOffset, ITERATIONS);
      flops += ITERATIONS * FLOPS_PER_ITERATION;
      elapsed = processorTime() - start;
    }
    return flops / elapsed * 1000;
  }

  return { run, rate };
}

if (import.meta.main) {
  console.log("limit of one thread and 128-bit vectors, GFLOP/s     median    best");
  for (const [numerics, description] of [["fast", "fused multiply-add"], ["exact", "multiply, then add"]] as const) {
    const limit = await peak(numerics);
    const rates = Array.from({ length: 101 }, () => limit.rate() / 1e9).sort((a, b) => a - b);
    const figures = [rates[50], rates[100]].map((rate) => rate.toFixed(1).padStart(8)).join("");
    console.log(`  ${numerics} (${description})`.padEnd(51) + figures);
  }
}
