import { assert, assertEquals } from "@std/assert";
import { ENTRIES, imports, type Source, violations } from "./architecture.ts";

const ROOT = new URL("../", import.meta.url);

/** Every TypeScript file of the library, of its tests, benchmarks and examples. */
function repository(): Source[] {
  const folders = ["src/", "assembly/", "tests/", "bench/", "examples/"];
  const entries = ENTRIES.map((path) => ({ path, text: Deno.readTextFileSync(new URL(path, ROOT)) }));
  return [...folders.flatMap(read), ...entries];
}

function read(folder: string): Source[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) => {
    const path = folder + name;
    if (isDirectory) return read(`${path}/`);
    return name.endsWith(".ts") ? [{ path, text: Deno.readTextFileSync(new URL(path, ROOT)) }] : [];
  });
}

Deno.test("the repository keeps to its architecture", () => {
  const sources = repository();
  assert(sources.some(({ path }) => path === "src/kernels/reference/gemm.ts"), "the walk finds nested files");
  assertEquals(violations(sources), []);
});

/** Each a file that breaks one rule, and a word of the complaint. */
const PLANTED: Record<string, Source & { complaint: string }> = {
  "an import upward": { path: "src/ops/a.ts", text: 'import { b } from "../layers/b.ts";', complaint: "is not above" },
  "a type imported upward": {
    path: "src/memory/a.ts",
    text: 'import type {\n  B,\n} from "../kernels/b.ts";',
    complaint: "is not above",
  },
  "a re-export upward": {
    path: "src/cells/a.ts",
    text: 'export * from "../models/b.ts";',
    complaint: "is not above",
  },
  "an import sideways": { path: "src/report/a.ts", text: 'import "../check/b.ts";', complaint: "is not above" },
  "a dynamic import upward": {
    path: "src/layers/a.ts",
    text: 'const b = await import("../report/b.ts");',
    complaint: "is not above",
  },
  "a leaf that is none": { path: "src/text/a.ts", text: 'import { b } from "../random/b.ts";', complaint: "may not" },
  "a leaf that climbs": { path: "src/formats/a.ts", text: 'import { b } from "../memory/b.ts";', complaint: "leaf" },
  "a leaf imported by a layer": {
    path: "src/layers/a.ts",
    text: 'import { b } from "../text/b.ts";',
    complaint: "may not",
  },
  "a folder without a level": { path: "src/new/a.ts", text: 'import { b } from "../ops/b.ts";', complaint: "no level" },
  "an entry that imports a package": { path: "check.ts", text: 'export * from "npm:b";', complaint: "relative" },
  "files that climb": { path: "src/files/a.ts", text: 'import { b } from "../formats/b.ts";', complaint: "may not" },
  "files in a model": { path: "src/models/a.ts", text: 'import { b } from "../files/b.ts";', complaint: "may not" },
  "more of node than files": { path: "src/files/a.ts", text: 'import "node:net";', complaint: "relative" },
  "a package": { path: "src/ops/a.ts", text: 'import { b } from "npm:b";', complaint: "relative" },
  "a package outside the folder of its file formats": {
    path: "src/keras/a.ts",
    text: 'import { File } from "npm:jsfive@0.4.2";',
    complaint: "relative",
  },
  "an import without an extension": { path: "src/ops/a.ts", text: 'import { b } from "./b";', complaint: "relative" },
  "the whole library": { path: "src/models/a.ts", text: 'import { b } from "../../mod.ts";', complaint: "outside" },
  "a kernel that imports the library": {
    path: "assembly/a.ts",
    text: 'import { b } from "../src/ops/b.ts";',
    complaint: "each other",
  },
  "WebAssembly above": { path: "src/models/a.ts", text: "new WebAssembly.Memory({});", complaint: "WebAssembly" },
  "Deno": { path: "src/models/a.ts", text: 'const url = "//"; Deno.args;', complaint: "Deno" },
  "a world in the trainer": {
    path: "src/models/a.ts",
    text: 'import { b } from "../distributed/b.ts";',
    complaint: "is not above",
  },
  "node": { path: "src/threads/a.ts", text: 'const fs = "node:fs";', complaint: "node:" },
  "a worker": { path: "src/models/a.ts", text: "new Worker(url);", complaint: "Worker" },
  "relaxed SIMD": { path: "assembly/a.ts", text: "f32x4.relaxed_madd(a, b, c);", complaint: "relaxed_madd" },
  "an inexact function": { path: "src/training/a.ts", text: "Math.tanh(x)", complaint: "Math.tanh" },
  "Math in disguise": { path: "src/training/a.ts", text: "const { exp } = Math;", complaint: "Math" },
  "a banned name": { path: "src/ops/utils.ts", text: "", complaint: "utils" },
  "a banned folder": { path: "tests/common/a.ts", text: "", complaint: "common" },
  "capitals": { path: "src/ops/softMax.ts", text: "", complaint: "snake_case" },
  "a long file": { path: "src/ops/a.ts", text: "\n".repeat(401), complaint: "401 lines" },
};

for (const [name, { path, text, complaint }] of Object.entries(PLANTED)) {
  Deno.test(`the architecture test catches ${name}`, () => {
    const found = violations([{ path, text }]);
    assertEquals(found.length, 1, found.join("\n"));
    assert(found[0].startsWith(path), found[0]);
    assert(found[0].includes(complaint), `${found[0]}: expected "${complaint}"`);
  });
}

Deno.test("the architecture test lets through what is allowed", () => {
  const allowed = [
    { path: "src/kernels/a.ts", text: 'import { b } from "../random/b.ts";\nimport { c } from "../memory/c.ts";' },
    { path: "src/models/a.ts", text: 'import { b } from "../text/b.ts"; import { c } from "../training/d/c.ts";' },
    { path: "src/training/d/c.ts", text: 'import { OptionError } from "../../errors.ts"; import "../a.ts";' },
    { path: "src/ops/a.ts", text: '// Math.exp, Deno and import "npm:x" in a comment\nMath.sqrt(2) /* Worker */;' },
    { path: "src/report/a.ts", text: "Math.log(x)" },
    { path: "src/distributed/a.ts", text: 'import { b } from "../models/b.ts"; Deno.dlopen("c", {});' },
    { path: "src/keras/files/a.ts", text: 'import { File } from "npm:jsfive@0.4.2";' },
    { path: "src/files/a.ts", text: 'import { openSync } from "node:fs";\nimport { FileError } from "../errors.ts";' },
  ];
  assertEquals(violations(allowed), []);
});

Deno.test("imports are found in every form", () => {
  const text = `import a, { type b } from "./1.ts"; import * as c from './2.ts'; import "./3.ts";
    export {\n d,\n} from "./4.ts"; export type * from "./5.ts"; import("./6.ts"); export const from = "./no.ts";`;
  assertEquals(imports(text), [1, 2, 3, 4, 5, 6].map((n) => `./${n}.ts`));
});
