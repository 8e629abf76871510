/** The npm package as its users get it: packed, installed, type-checked, run under Node. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { unzipSync, zipSync } from "fflate";
import { readKeras } from "../../keras.ts";
import { LanguageModel, type TensorCopy } from "../../mod.ts";
import config from "../../deno.json" with { type: "json" };
import fixtures from "../fixtures/keras/hdf5.json" with { type: "json" };
import { caseNamed, unpacked } from "../support/keras/models.ts";
import { assertAnswers, run } from "../support/package/answers.ts";
import { compiler, writePackage } from "../support/package/programs.ts";

const USER = new URL("../support/programs/user.ts", import.meta.url);
const FORMATS = new URL("../support/programs/other_formats.ts", import.meta.url);
const PROGRAMS = ["user.ts", "formats.ts", "entries.ts"];
const BARE = ["--strict", "--noEmit", "--lib", "es2022", "--target", "es2022", "--module", "esnext"]
  .concat(["--moduleResolution", "node10", "--typeRoots", "none"]);
const STRICT = ["--strict", "--target", "es2022", "--module", "nodenext"];

/** A module with what other_formats.ts reads, the text of its model, and the parameters of its Keras model. */
async function formats(): Promise<{ module: string; written: string; parameters: Map<string, TensorCopy> }> {
  const { name, ...compressed } = fixtures.model, { config, files } = caseNamed(name), plain = files[".keras"];
  using model = await LanguageModel.create("abracadabra", { hidden: [4], seed: 1, numerics: "exact" });
  const contents = {
    "language model": model.save(),
    ".keras": plain,
    "compressed .keras": zipSync(unzipSync(plain), { level: 6 }),
    ".h5": await unpacked(compressed[".h5"]),
    ".weights.h5": await unpacked(compressed[".weights.h5"]),
  };
  const base64 = Object.entries(contents).map(([name, bytes]) => [name, bytes.toBase64()]);
  return {
    module: Object.entries({ config, files: Object.fromEntries(base64) }).map(([name, value]) => {
      return `export const ${name} = ${JSON.stringify(value)};\n`;
    }).join(""),
    written: await model.write({ length: 9, seed: 1 }),
    parameters: readKeras(plain).parameters,
  };
}

/** Names and numbers, as other_formats.ts prints them. */
function numbers(parameters: ReadonlyMap<string, TensorCopy>): unknown[] {
  return [...parameters].map(([name, { data }]) => [name, ...data]).sort();
}

Deno.test("the packed npm package installs, passes a strict type check and trains under Node", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const npm = (...args: string[]) => run("npm", [...args, "--offline", "--no-audit", "--no-fund"], folder);
    await writePackage(join(folder, "package"));
    const { exports, peerDependencies } = JSON.parse(await Deno.readTextFile(join(folder, "package", "package.json")));
    await npm("pack", "./package");
    await Deno.writeTextFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
    await npm("install", `./unroll-rnn-${config.version}.tgz`);
    // npm's own note of what it has done is hidden.
    const installed = [...Deno.readDirSync(join(folder, "node_modules"))].map(({ name }) => name);
    assertEquals(installed.filter((name) => !name.startsWith(".")), ["@unroll"]);
    const packed = [...Deno.readDirSync(join(folder, "node_modules/@unroll/rnn"))].map(({ name }) => name);
    assertEquals(packed.filter((name) => name.startsWith(".")), [], "the mark of the folder is not published");

    const readme = await Deno.readTextFile(join(folder, "node_modules/@unroll/rnn/README.md"));
    for (const entry of Object.keys(config.exports).slice(1)) assertStringIncludes(readme, `\`${entry}\``);
    for (const peer of Object.keys(peerDependencies)) assertStringIncludes(readme, peer);
    const licences = await Deno.readTextFile(join(folder, "node_modules/@unroll/rnn/THIRD_PARTY.md"));
    for (const name of ["fflate", "@bufbuild/protobuf"]) assertStringIncludes(licences, `# ${name} `);
    assertStringIncludes(licences, "Permission is hereby granted");
    assert(packed.includes("Apache-2.0.txt"));

    await Deno.copyFile(USER, join(folder, "user.ts"));
    await Deno.copyFile(FORMATS, join(folder, "formats.ts"));
    const entries = Object.keys(exports).filter((entry) => !entry.endsWith(".wasm"));
    const names = entries.map((entry) => config.name + entry.slice(1));
    // All entries but the one that calls foreign functions, which Node does not have.
    assertEquals(new Set([...entries, "./mpi"]), new Set(Object.keys(config.exports)));
    const modules = Object.keys(exports).filter((entry) => entry.endsWith(".wasm"));
    assertEquals(modules.toSorted(), [
      "./exact.wasm",
      "./fast.wasm",
      "./inference_exact.wasm",
      "./inference_fast.wasm",
    ]);
    const imports = names.map((entry, i) => `import * as entry${i} from "${entry}";\nvoid entry${i};\n`);
    await Deno.writeTextFile(join(folder, "entries.ts"), imports.join(""));
    await Deno.remove(join(folder, "package"), { recursive: true });
    await run(Deno.execPath(), [...await compiler(), ...STRICT, ...PROGRAMS], folder);
    assertAnswers(await run("node", ["user.js"], folder));
    const { module, written, parameters } = await formats();
    await Deno.writeTextFile(join(folder, "files.js"), module);
    const answers = JSON.parse(await run("node", ["formats.js", "./files.js"], folder));
    const { writeKeras, report, own, ...read } = answers;
    assertEquals(read, { written, onnx: own, tfjs: own, keras: new Array(4).fill(numbers(parameters)) });
    // What is not installed is named as npm takes it, in a version that the package allows.
    for (const error of [writeKeras, report]) {
      const [, install] = error.match(/: npm i (.+)$/) ?? [];
      assert(install, error);
      for (const peer of install.split(" ")) {
        const at = peer.lastIndexOf("@");
        assertEquals(peerDependencies[peer.slice(0, at)], `^${peer.slice(at + 1)}`);
      }
    }
    // Without the platform's types, resolved as before "exports".
    await run(Deno.execPath(), [...await compiler(), ...BARE, "entries.ts"], folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
