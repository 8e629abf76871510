/** The declarations of the npm package in the oldest TypeScript that the README names, and in the newest tested one. */
import { join } from "node:path";
import { output } from "../support/engines.ts";
import { run } from "../support/package/answers.ts";
import { writePackage } from "../support/package/programs.ts";

const VERSIONS = ["5.7.2", "5.9.3"];

/** Ways to see the package: with and without types of the platform, as Node, a bundler or an old Node resolves. */
const WAYS: Record<string, readonly string[]> = {
  "Node, no platform": ["--module", "nodenext", "--lib", "es2022", "--typeRoots", "none"],
  "old Node, no platform": [
    "--module",
    "esnext",
    "--moduleResolution",
    "node10",
    "--lib",
    "es2022",
    "--typeRoots",
    "none",
  ],
  "Node's own types": ["--module", "nodenext", "--lib", "es2022", "--types", "node"],
  "a page": ["--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom", "--typeRoots", "none"],
  "a worker": [
    "--module",
    "esnext",
    "--moduleResolution",
    "bundler",
    "--lib",
    "es2022,webworker",
    "--typeRoots",
    "none",
  ],
};

const PROGRAM = `import { compile, dense, type CompileOptions } from "@unroll/rnn";
import * as inference from "@unroll/rnn/inference";
import * as models from "@unroll/rnn/models";
import * as onnx from "@unroll/rnn/onnx";
import * as keras from "@unroll/rnn/keras";
import * as report from "@unroll/rnn/report";
import exact from "@unroll/rnn/exact.wasm";
export const all = [inference, models, onnx, keras, report];
export async function forward(options: Partial<CompileOptions>): Promise<Float32Array> {
  const session = await compile(dense(2, 2), { batch: 1, steps: 1, kernels: exact, ...options });
  const y = session.forward([1, 2]);
  session.dispose();
  return y;
}
`;

Deno.test("the declarations check in every TypeScript, with and without types of the platform", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
    await Deno.writeTextFile(join(folder, "program.ts"), PROGRAM);
    const compilers = VERSIONS.map((version) => `typescript-${version}@npm:typescript@${version}`);
    const flags = ["--prefix", folder, "--no-audit", "--no-fund", "--no-save", "--prefer-offline", "--loglevel=error"];
    await output("npm", ["install", ...flags, ...compilers, "@types/node@20.19.9"]);
    await writePackage(join(folder, "node_modules/@unroll/rnn"));
    for (const version of VERSIONS) {
      const compiler = join(folder, "node_modules", `typescript-${version}`, "bin/tsc");
      for (const way of Object.values(WAYS)) {
        await run("node", [compiler, "--noEmit", "--strict", "--target", "es2022", ...way, "program.ts"], folder);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
