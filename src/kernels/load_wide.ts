import { OptionError } from "../errors.ts";
import { moduleBytes } from "./builds.ts";
import embedded from "./generated/wide.ts";
import type { KernelBuild } from "./load.ts";

/**
 * The kernels of `"fast"` with products for engines that join neighbouring 128-bit operations into 256-bit ones: V8 on
 * x86-64 with AVX2, started with --experimental-wasm-revectorize, in Node and Chrome. The bits are those of `"fast"`.
 * In these engines a whole LSTM training step takes 44 ms instead of 81. Without the flag, and in Deno, which makes V8
 * check the bounds of every access, the step takes twice as long (2 x 128, batch 50, 50 steps; Node 26, EPYC Milan,
 * 2026-11-27).
 *
 * A program cannot ask whether the engine joins operations. Use this build when you know the engine and its flags.
 *
 * @throws {OptionError} In `compile`, when the engine has no relaxed SIMD (Node before 22).
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
    const bytes = moduleBytes(embedded, true, shared);
    if (!WebAssembly.validate(bytes)) {
      throw new OptionError('Cannot use the wide kernels: this engine has no relaxed SIMD; use "fast" or "exact"');
    }
    return await WebAssembly.compile(bytes);
  },
};
