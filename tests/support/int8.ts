/** The kernels of int8 weights with and without relaxed SIMD, whatever the engine would take. */
import { int8, type Int8Build } from "../../int8.ts";
import { moduleBytes } from "../../src/kernels/builds.ts";
import plain from "../../src/kernels/generated/int8.ts";
import relaxed from "../../src/kernels/generated/int8_relaxed.ts";

function build(embedded: typeof plain): Int8Build {
  return { ...int8, module: (shared) => WebAssembly.compile(moduleBytes(embedded, false, shared)) };
}

export const INT8_BUILDS = { plain: build(plain), relaxed: build(relaxed) };
