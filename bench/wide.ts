/**
 * Speed-up of the wide kernels: milliseconds of processor time of whole training steps in Node, which sets V8's flag
 * that lets it join 128-bit operations into 256-bit ones. The argument is the path of Node 22 or newer:
 *
 *     deno task bench:wide [node]    # npm's package "node" prints a path: npx -y node@26 -p process.execPath
 */
const node = Deno.args[0] ?? "node";
const file = await Deno.makeTempFile({ suffix: ".mjs" });
const bundling = ["run", "-A", "--quiet", "package/bundle.ts", "bench/wide/steps.ts", file];
const bundled = await new Deno.Command(Deno.execPath(), { args: bundling, stderr: "inherit" }).output();
if (!bundled.success) Deno.exit(1);
const { success } = await new Deno.Command(node, { args: [file], stdout: "inherit", stderr: "inherit" }).output();
await Deno.remove(file);
Deno.exit(Number(!success));
