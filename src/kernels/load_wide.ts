import { WasmArena } from "../memory/wasm_arena.ts";
import { instantiate, moduleBytes } from "./builds.ts";
import embedded from "./generated/wide.ts";
import { fastModule, type KernelBuild } from "./load.ts";

/**
 * The kernels of `"fast"` with products for engines that join neighbouring 128-bit operations into 256-bit ones: V8 on
 * x86-64 with AVX2, with its flag --experimental-wasm-revectorize. In Node 22 and newer the first session with these
 * kernels sets the flag, for the whole process; importing sets nothing. Chrome has to be started with it, and Deno
 * makes V8 check the bounds of every access, which keeps it from joining them. The flag is an experiment of V8.
 *
 * The first session also measures, once in a process and for at most 150 ms, whether the engine joins operations. Where
 * it does not, the kernels are those of `"fast"`. The bits are those of `"fast"` everywhere.
 *
 * A training step of an LSTM takes 44 ms instead of 81 where operations are joined (2 x 128, batch 50, 50 steps; Node
 * 26, EPYC Milan, 2026-11-27).
 *
 * @example
 * ```ts
 * import { compile, dense, gru, recurrent, sequential } from "@unroll/rnn";
 * import { wide } from "@unroll/rnn/wide";
 * import { assertEquals } from "@std/assert";
 *
 * const net = sequential({ rnn: recurrent(gru(), { input: 3, hidden: 32 }), decoder: dense(32, 2) });
 * const x = Float32Array.from({ length: 5 * 4 * 3 }, (_, i) => i % 7 - 3); // [T = 5, B = 4, 3]
 * const session = await compile(net, { batch: 4, steps: 5, numerics: wide });
 * const narrow = await compile(net, { batch: 4, steps: 5 });
 * assertEquals(session.forward(x), narrow.forward(x));
 * session.dispose();
 * narrow.dispose();
 * ```
 */
export const wide: KernelBuild = {
  async module(shared) {
    return await (joins ??= engineJoins()) ? await wideModule(shared) : await fastModule(shared);
  },
};

/** Whether the engine joins operations; undefined before it was measured. */
let joins: Promise<boolean> | undefined;

/** The module with the wide products, in any engine that accepts it. */
export function wideModule(shared: boolean): Promise<WebAssembly.Module> {
  return WebAssembly.compile(moduleBytes(embedded, true, shared));
}

/** Sets V8's flag where a program can, and measures. */
async function engineJoins(): Promise<boolean> {
  // An older V8 has neither relaxed SIMD nor the flag, and would print an error.
  if (!WebAssembly.validate(moduleBytes(embedded, true, false))) return false;
  const { process } = globalThis as { process?: { getBuiltinModule?(name: "v8"): V8 } };
  try {
    process?.getBuiltinModule?.("v8").setFlagsFromString("--experimental-wasm-revectorize");
  } catch {
    // Bun has the module, and no V8.
  }
  return await isFaster(await wideModule(false), await fastModule(false));
}

/** The part of Node's module `v8` that is used. */
interface V8 {
  setFlagsFromString(flags: string): void;
}

/** Sizes of the product that is measured: about 0.1 ms. */
const M = 40, N = 256, K = 256;
/** Milliseconds in which the engine may compile both products anew with its optimising compiler, then of measuring. */
const WARM_UP = 50, MEASURED = 30;
/** Joined operations take about half the time; others, in the wide tile, twice the time. */
const FASTER = 0.85;

/** Whether a product takes clearly less time in one module than in another, by the best of many in turn. */
async function isFaster(module: WebAssembly.Module, other: WebAssembly.Module): Promise<boolean> {
  const arena = new WasmArena(4 * (1024 + M * (N + K) + 2 * N * K + K * 64));
  const c = 4096, a = c + 4 * M * N, w = a + 4 * M * K, packed = w + 4 * N * K, workspace = packed + 4 * N * K;
  const rivals = [];
  for (const one of [module, other]) {
    const kernels = await instantiate(one, arena);
    rivals.push({ run: () => kernels.gemm(c, 0, a, packed, workspace, M, N, K, N, 0, K), best: Infinity });
    kernels.pack(packed, w, K, N, N);
  }
  const began = performance.now();
  for (let now = began; now < began + WARM_UP + MEASURED;) {
    for (const rival of rivals) {
      rival.run();
      const then = performance.now();
      if (now > began + WARM_UP) rival.best = Math.min(rival.best, then - now);
      now = then;
    }
  }
  return rivals[0].best < FASTER * rivals[1].best;
}
