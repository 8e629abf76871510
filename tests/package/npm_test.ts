/** The npm package as its users get it: packed, installed, type-checked, run under Node. */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { assertAnswers, run } from "../support/package/answers.ts";
import { compiler, writePackage } from "../support/package/programs.ts";

const USER = new URL("../support/programs/user.ts", import.meta.url);
const BARE = ["--strict", "--noEmit", "--lib", "es2022", "--target", "es2022", "--module", "esnext"]
  .concat(["--moduleResolution", "node10", "--typeRoots", "none"]);
const STRICT = ["--strict", "--target", "es2022", "--module", "nodenext"];

Deno.test("the packed npm package installs, passes a strict type check and trains under Node", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const npm = (...args: string[]) => run("npm", [...args, "--offline", "--no-audit", "--no-fund"], folder);
    await writePackage(join(folder, "package"));
    const { exports } = JSON.parse(await Deno.readTextFile(join(folder, "package", "package.json")));
    await npm("pack", "./package");
    await Deno.writeTextFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
    await npm("install", `./unroll-rnn-${config.version}.tgz`);
    // npm's own note of what it has done is hidden.
    const installed = [...Deno.readDirSync(join(folder, "node_modules"))].map(({ name }) => name);
    assertEquals(installed.filter((name) => !name.startsWith(".")), ["@unroll"]);
    const packed = [...Deno.readDirSync(join(folder, "node_modules/@unroll/rnn"))].map(({ name }) => name);
    assertEquals(packed.filter((name) => name.startsWith(".")), [], "the mark of the folder is not published");

    await Deno.copyFile(USER, join(folder, "user.ts"));
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
    await run(Deno.execPath(), [...await compiler(), ...STRICT, "user.ts", "entries.ts"], folder);
    assertAnswers(await run("node", ["user.js"], folder));
    // Without the platform's types, resolved as before "exports".
    await run(Deno.execPath(), [...await compiler(), ...BARE, "entries.ts"], folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
