/** The kernels as files of the npm package, for hosts that forbid to compile bytes: `compile(net, { kernels })`. */
import { FAST, moduleBytes } from "../src/kernels/builds.ts";
import all from "../src/kernels/generated/all.ts";
import inference from "../src/kernels/generated/inference.ts";

/** The files: whose kernels, and which of both builds. */
const MODULES = {
  "exact.wasm": [all, false],
  "fast.wasm": [all, true],
  "inference_exact.wasm": [inference, false],
  "inference_fast.wasm": [inference, true],
} as const;

/** The names of the files. */
export const wasmFiles: readonly string[] = Object.keys(MODULES);

/** The type of what a bundler or a host makes of a file. */
const DECLARATION =
  '/// <reference path="./platform.d.ts" />\ndeclare const module: WebAssembly.Module;\nexport default module;\n';

/** The bytes of a file. */
export function wasm(name: keyof typeof MODULES): Uint8Array {
  const [embedded, fused] = MODULES[name], bytes = moduleBytes(embedded, fused, false);
  return name.includes(FAST) ? marked(bytes) : bytes;
}

/** Writes the files and their declarations into a folder. */
export async function writeWasm(folder: string): Promise<void> {
  for (const name of Object.keys(MODULES) as (keyof typeof MODULES)[]) {
    await Deno.writeFile(`${folder}/${name}`, wasm(name));
    await Deno.writeTextFile(`${folder}/${name}.d.ts`, DECLARATION);
  }
}

/** A module with an empty custom section by which the library knows it. */
function marked(module: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(FAST);
  return Uint8Array.of(...module, 0, name.length + 1, name.length, ...name);
}
