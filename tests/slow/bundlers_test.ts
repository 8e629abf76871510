/** A program with the npm package, built by each bundler and run in Node. */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { output } from "../support/engines.ts";
import { run } from "../support/package/answers.ts";
import { writePackage } from "../support/package/programs.ts";

const PACKAGES = [
  "esbuild@0.28.2",
  "rollup@4.68.8",
  "@rollup/plugin-node-resolve@16.0.3",
  "webpack@5.113.0",
  "vite@8.4.0",
];

const PROGRAM =
  `import { adam, compile, crossEntropy, dense, gru, LanguageModel, recurrent, sequential } from "@unroll/rnn";
import { readKeras } from "@unroll/rnn/keras"; // writes with a package that is not installed
import { OnnxModel, writeOnnx } from "@unroll/rnn/onnx";
import { loadLanguageModel } from "@unroll/rnn/run";
const refused = (file) => {
  try {
    readKeras(file);
  } catch (error) {
    return error.message;
  }
};
const net = sequential({ rnn: recurrent(gru(), { input: 3, hidden: 8 }), out: dense(8, 2) });
const options = { batch: 2, steps: 3, loss: crossEntropy(), optimizer: adam(), numerics: "exact", seed: 1, threads: 2 };
compile(net, options).then(async (session) => {
  const x = Float32Array.from({ length: 18 }, (_, i) => i % 5 - 2), y = Int32Array.of(0, 1, 1, 0, 1, 0);
  let loss;
  for (let i = 0; i < 20; i++) loss = session.step({ x, y }).loss;
  const onnx = OnnxModel.load(writeOnnx(net, session.parameters()));
  session.dispose();
  const model = await LanguageModel.create("abcabc", { hidden: [4], numerics: "exact" });
  await model.fit("abcabcabcabc", { batch: 1, unroll: 3, epochs: 2 });
  const run = await loadLanguageModel(model.save(), { numerics: "exact" });
  console.log(loss, await run.write({ length: 9, seed: 1 }), onnx.inputs, refused(new Uint8Array(4)));
  model.dispose();
});
`;

/** How each bundler is called: a program in Node that builds program.js into out/NAME.js. */
const BUILDS: Record<string, string> = {
  esbuild: `import { build } from "esbuild";
await build({ entryPoints: ["program.js"], bundle: true, minify: true, format: "esm", outfile: "out/esbuild.js" });`,
  rollup: `import { rollup } from "rollup";
import resolve from "@rollup/plugin-node-resolve";
const bundle = await rollup({ input: "program.js", plugins: [resolve()] });
await bundle.write({ file: "out/rollup.js" });`,
  webpack: `import webpack from "webpack";
import { resolve } from "node:path";
await new Promise((done, fail) => webpack({
  entry: resolve("program.js"), mode: "production", target: "web", performance: false,
  ignoreWarnings: [/Can't resolve 'h5wasm'/], // a warning, no error: the program does not write
  output: { path: resolve("out"), filename: "webpack.js" },
}, (error, stats) => error || stats.hasErrors() || stats.hasWarnings() ? fail(error ?? stats.toString()) : done()));`,
  vite: `import { build } from "vite";
await build({ configFile: false, logLevel: "error", build: { outDir: "out", emptyOutDir: false,
  lib: { entry: "program.js", formats: ["es"], fileName: () => "vite.js" } } });`,
};

Deno.test("esbuild, rollup, webpack and Vite build a program that computes what it computes unbuilt", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
    await Deno.writeTextFile(join(folder, "program.js"), PROGRAM);
    const flags = ["--prefix", folder, "--no-audit", "--no-fund", "--no-save", "--prefer-offline", "--loglevel=error"];
    await output("npm", ["install", ...flags, ...PACKAGES]);
    await writePackage(join(folder, "node_modules/@unroll/rnn"));
    const want = await run("node", ["program.js"], folder);
    for (const [name, program] of Object.entries(BUILDS)) {
      await Deno.writeTextFile(join(folder, `${name}.mjs`), program);
      await run("node", [`${name}.mjs`], folder);
      // Away from node_modules, so that nothing is left to be imported.
      const built = await Deno.makeTempDir();
      await Deno.writeTextFile(join(built, "package.json"), '{ "type": "module" }');
      await Deno.copyFile(join(folder, `out/${name}.js`), join(built, "built.js"));
      assertEquals(await run("node", ["built.js"], built), want, name);
      await Deno.remove(built, { recursive: true });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
