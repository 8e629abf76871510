/**
 * Speed-up of the wide kernels: milliseconds of processor time of whole training steps in Node, with and without the
 * flag that lets V8 merge 128-bit operations into 256-bit ones. The argument is the path of Node 22 or newer:
 *
 *     deno task bench:wide [node]    # npm's package "node" prints a path: npx -y node@26 -p process.execPath
 */
import { bundle } from "../package/bundle.ts";
import { stop } from "esbuild";

const node = Deno.args[0] ?? "node";
const file = await Deno.makeTempFile({ suffix: ".mjs" });
await Deno.writeFile(file, await bundle("bench/wide/steps.ts"));
await stop();
for (const flags of [[], ["--experimental-wasm-revectorize"]]) {
  const { success, stdout } = await new Deno.Command(node, { args: [...flags, file], stderr: "inherit" }).output();
  if (!success) Deno.exit(1);
  console.log(`node ${flags.join(" ")}\n${new TextDecoder().decode(stdout)}`);
}
await Deno.remove(file);
