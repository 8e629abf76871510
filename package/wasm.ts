/** The kernels as files of the npm package, for hosts that forbid to compile bytes: `compile(net, { kernels })`. */
import { FAST, moduleBytes } from "../src/kernels/builds.ts";
import all from "../src/kernels/generated/all.ts";
import inference from "../src/kernels/generated/inference.ts";

/** The files: whose kernels, and which of both builds. */
const MODULES = {
  "exact.wasm": [all, 0],
  "fast.wasm": [all, 1],
  "inference_exact.wasm": [inference, 0],
  "inference_fast.wasm": [inference, 1],
} as const;

/** The names of the files. */
export const wasmFiles: readonly string[] = Object.keys(MODULES);

/** The type of what a bundler or a host makes of a file. */
const DECLARATION = "declare const module: WebAssembly.Module;\nexport default module;\n";

/** Writes the files and their declarations into a folder. */
export async function writeWasm(folder: string): Promise<void> {
  for (const [name, [embedded, index]] of Object.entries(MODULES)) {
    const bytes = await moduleBytes(embedded, index, 2, false);
    await Deno.writeFile(`${folder}/${name}`, index ? marked(bytes) : bytes);
    await Deno.writeTextFile(`${folder}/${name}.d.ts`, DECLARATION);
  }
}

/** A module with an empty custom section by which the library knows it. */
function marked(module: Uint8Array): Uint8Array {
  const name = new TextEncoder().encode(FAST);
  return Uint8Array.of(...module, 0, name.length + 1, name.length, ...name);
}
