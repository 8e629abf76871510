/**
 * What the wide kernels gain: whole training steps in Node, whose V8 joins 128-bit operations into 256-bit ones when it
 * is asked to, with that flag and without. Milliseconds of processor time. Node 22 or newer, by its path:
 *
 *     deno task bench:wide [node]    # the packages "node" of npm have it: npx -y node@26 -p process.execPath
 */
import { bundle } from "../package/bundle.ts";
import { stop } from "esbuild";

const node = Deno.args[0] ?? "node", file = await Deno.makeTempFile({ suffix: ".mjs" });
await Deno.writeFile(file, await bundle("bench/wide/steps.ts"));
await stop();
for (const flags of [[], ["--experimental-wasm-revectorize"]]) {
  const { success, stdout } = await new Deno.Command(node, { args: [...flags, file], stderr: "inherit" }).output();
  if (!success) Deno.exit(1);
  console.log(`node ${flags.join(" ")}\n${new TextDecoder().decode(stdout)}`);
}
await Deno.remove(file);
