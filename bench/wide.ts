/**
 * Speed-up of the wide kernels: milliseconds of processor time of whole training steps in Node, with and without the
 * flag that lets V8 merge 128-bit operations into 256-bit ones. The argument is the path of Node 22 or newer:
 *
 *     deno task bench:wide [node]    # npm's package "node" prints a path: npx -y node@26 -p process.execPath
 */
const node = Deno.args[0] ?? "node";
const file = await Deno.makeTempFile({ suffix: ".mjs" });
const bundling = ["run", "-A", "--quiet", "package/bundle.ts", "bench/wide/steps.ts", file];
const bundled = await new Deno.Command(Deno.execPath(), { args: bundling, stderr: "inherit" }).output();
if (!bundled.success) Deno.exit(1);
for (const flags of [[], ["--experimental-wasm-revectorize"]]) {
  const { success, stdout } = await new Deno.Command(node, { args: [...flags, file], stderr: "inherit" }).output();
  if (!success) Deno.exit(1);
  console.log(`node ${flags.join(" ")}\n${new TextDecoder().decode(stdout)}`);
}
await Deno.remove(file);
