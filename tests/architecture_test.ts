import { assert, assertEquals } from "@std/assert";
import { ENTRIES, type Known, violations } from "./architecture.ts";
import { circles, importGraph, imports, type Source } from "./import_graph.ts";

const ROOT = new URL("../", import.meta.url);

/** Every TypeScript file of the library, of its tests, benchmarks and examples. */
function repository(): Source[] {
  const folders = ["src/", "assembly/", "tests/", "bench/", "examples/", "package/"];
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

/** To be shrunk to nothing. */
const KNOWN: Known = {
  circles: [],
  wideComments: [],
};

Deno.test("the repository keeps to its architecture", () => {
  const sources = repository();
  assert(sources.some(({ path }) => path === "src/kernels/reference/gemm.ts"), "the walk finds nested files");
  assertEquals(violations(sources, KNOWN), []);
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
    text: 'import { File } from "npm:fflate@0.8.3";',
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
  "Symbol.dispose": { path: "src/models/a.ts", text: "net[Symbol.dispose]();", complaint: "Symbol.dispose" },
  "using": { path: "src/models/a.ts", text: "using net = await compile(layer, size);", complaint: "using net" },
  "a function that Node 20 does not have": {
    path: "src/models/a.ts",
    text: "Map.groupBy(names, first);",
    complaint: "Map.groupBy",
  },
  "a helper of iterators": { path: "src/models/a.ts", text: "map.values().map(f);", complaint: ".values().map" },
  "a pattern that looks behind": { path: "src/text/a.ts", text: "/(?<=a)b/", complaint: "(?<=" },
  "relaxed SIMD": { path: "assembly/a.ts", text: "f32x4.relaxed_madd(a, b, c);", complaint: "relaxed_madd" },
  "an inexact function": { path: "src/training/a.ts", text: "Math.tanh(x)", complaint: "Math.tanh" },
  "Math in disguise": { path: "src/training/a.ts", text: "const { exp } = Math;", complaint: "Math" },
  "a test that imports another's file": {
    path: "tests/session/a.ts",
    text: 'import { b } from "../layers/b.ts";',
    complaint: "support and fixtures",
  },
  "a test that imports a file beside the folders": {
    path: "tests/session/a.ts",
    text: 'import { b } from "../b.ts";',
    complaint: "support and fixtures",
  },
  "shared test code that imports a test's": {
    path: "tests/support/a.ts",
    text: 'import { b } from "../layers/b.ts";',
    complaint: "support and fixtures",
  },
  "inference that loads the trainer": {
    path: "inference.ts",
    text: `export type { B } from ".${"/src/trainer/b.ts"}";`,
    complaint: "inference.ts loads src/trainer/b.ts",
  },
  "a file that imports itself": { path: "src/ops/a.ts", text: 'import "./a.ts";', complaint: "imports itself" },
  "a wide comment": {
    path: "src/ops/a.ts",
    text: `/**\n * ${"wide ".repeat(24)}\n */`,
    complaint: "a.ts:2: a comment of more than 120 columns",
  },
  "a wide comment behind code": {
    path: "src/ops/a.ts",
    text: `const a = 1; // ${"wide ".repeat(24)}\n`,
    complaint: "a.ts:1: a comment of more than 120 columns",
  },
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

Deno.test("circles of imports are refused, through types too, and so are entries that nothing needs", () => {
  const circle = [
    { path: "src/ops/a.ts", text: 'import type { B } from "./b.ts";' },
    { path: "src/ops/b.ts", text: 'export { C } from "./c.ts";\nimport "./d.ts";' },
    { path: "src/ops/c.ts", text: 'type A = import("./a.ts").A;' },
    { path: "src/ops/d.ts", text: "" },
  ];
  const set = "src/ops/a.ts src/ops/b.ts src/ops/c.ts";
  const fault = "src/ops/a.ts and src/ops/b.ts and src/ops/c.ts import each other";
  const faults = (...circles: string[]) => violations(circle, { circles, wideComments: [] });
  assertEquals(faults(), [fault]);
  assertEquals(faults(set), []);
  const part = "src/ops/a.ts src/ops/b.ts";
  assertEquals(faults(part), [fault, `there is no circle ${part} any more`]);
  const graph = importGraph([...circle, { path: "src/ops/d.ts", text: 'import "./d.ts";' }]);
  assertEquals(circles(graph), [set.split(" "), ["src/ops/d.ts"]]);
});

Deno.test("wide comments are known by their folder, as long as there are any", () => {
  const wide = { path: "src/ops/a.ts", text: `// ${"wide ".repeat(24)}\n` };
  const faults = (...wideComments: string[]) => violations([wide], { circles: [], wideComments });
  assertEquals(faults().length, 1);
  assertEquals(faults("src/ops"), []);
  assertEquals(faults("src/ops", "src/cells"), ["no comment of src/cells is too wide any more"]);
});

Deno.test("the architecture test lets through what is allowed", () => {
  const allowed = [
    { path: "src/kernels/a.ts", text: 'import { b } from "../random/b.ts";\nimport { c } from "../memory/c.ts";' },
    { path: "src/models/a.ts", text: 'import { b } from "../text/b.ts"; import { c } from "../training/d/c.ts";' },
    { path: "src/training/d/c.ts", text: 'import { OptionError } from "../../errors.ts"; import "../a.ts";' },
    { path: "src/ops/a.ts", text: '// Math.exp, Deno and import "npm:x" in a comment\nMath.sqrt(2) /* Worker */;' },
    { path: "src/report/a.ts", text: "Math.log(x)" },
    { path: "src/report/b.ts", text: `const wide = "// ${"wide ".repeat(24)}";` },
    { path: "tests/session/a.ts", text: 'import "./b.ts"; import "../support/c.ts"; import "../../src/session/d.ts";' },
    { path: "tests/support/c.ts", text: 'import cases from "../fixtures/cases.json" with { type: "json" };' },
    { path: "tests/a.ts", text: 'import "./b.ts";' },
    { path: "inference.ts", text: `export { B } from ".${"/src/runtime/b.ts"}";` },
    { path: "src/distributed/a.ts", text: 'import { b } from "../models/b.ts"; Deno.dlopen("c", {});' },
    { path: "src/keras/files/a.ts", text: 'import { File } from "npm:fflate@0.8.3";' },
    { path: "src/files/a.ts", text: 'import { openSync } from "node:fs";\nimport { FileError } from "../errors.ts";' },
  ];
  assertEquals(violations(allowed), []);
});

Deno.test("imports are found in every form", () => {
  const text = `import a, { type b } from "./1.ts"; import * as c from './2.ts'; import "./3.ts";
    export {\n d,\n} from "./4.ts"; export type * from "./5.ts"; import("./6.ts"); export const from = "./no.ts";`;
  assertEquals(imports(text), [1, 2, 3, 4, 5, 6].map((n) => `./${n}.ts`));
});
