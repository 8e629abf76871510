import { type Int8Build, moduleBytes } from "./builds.ts";
import plain from "./generated/int8.ts";
import relaxed from "./generated/int8_relaxed.ts";
import { packTensors } from "./int8_tensors.ts";

const modules: Promise<WebAssembly.Module>[] = [];

/** The module with relaxed SIMD where the engine has it. */
async function compile(shared: boolean): Promise<WebAssembly.Module> {
  const bytes = moduleBytes(relaxed, false, shared);
  return await WebAssembly.compile(WebAssembly.validate(bytes) ? bytes : moduleBytes(plain, false, shared));
}

/**
 * The kernels of int8 weights, as option `kernels` or `numerics` of what runs a net that `quantize` has made:
 * `compile`, `load`, and the models. Nets with f32 weights run as if it were not there.
 *
 * Weights have a scale a row, and integers from -127 to 127. Activations are rounded to 7 bits where they enter a
 * product, each row of a time step with a step and a zero point of its own: so a row has the same bits alone and in a
 * batch, and a sequence whole and in pieces. Sums are exact, with relaxed SIMD and without, and the exact kernels
 * compute all else, whatever `numerics` says. So the bits are the same in every engine.
 *
 * Where the host forbids to compile bytes, its module takes the place of the embedded one:
 * `{ ...int8, module: () => Promise.resolve(module) }`, with the module of the file `@unroll/rnn/int8.wasm`
 * or `int8_relaxed.wasm`.
 *
 * @example
 * ```ts
 * import { compile, dense, lstm, recurrent, sequential, writeSafetensors } from "@unroll/rnn";
 * import { load } from "@unroll/rnn/inference";
 * import { int8, quantize } from "@unroll/rnn/int8";
 * import { assert, assertAlmostEquals } from "@std/assert";
 *
 * const net = sequential({ rnn: recurrent(lstm(), { input: 8, hidden: 128 }), output: dense(128, 1) });
 * const trained = await compile(net, { batch: 1, steps: 4, seed: 1 });
 * const small = quantize(net, trained.parameters(), { weights: "int8" });
 * const bytes = writeSafetensors(small.parameters).length;
 * assert(bytes < 0.28 * writeSafetensors(trained.parameters()).length);
 *
 * const loaded = await load(small.net, small.parameters, { batch: 1, steps: 4, kernels: int8 });
 * const x = Float32Array.from({ length: 4 * 8 }, (_, i) => Math.sin(i)); // [T = 4, B = 1, 8]
 * const y = loaded.forward(x), exact = trained.forward(x);
 * y.forEach((value, t) => assertAlmostEquals(value, exact[t], 0.01));
 * trained.dispose();
 * loaded.dispose();
 * ```
 */
export const int8: Int8Build = {
  module: (shared) => modules[Number(shared)] ??= compile(shared),
  pack: packTensors,
};
