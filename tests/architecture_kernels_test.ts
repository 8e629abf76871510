import { assert, assertEquals } from "@std/assert";
import type { Source } from "./import_graph.ts";
import { kernelViolations } from "./architecture_kernels.ts";

function read(folder: string): Source[] {
  const root = new URL("../", import.meta.url);
  return [...Deno.readDirSync(new URL(folder, root))].filter(({ name }) => name.endsWith(".ts")).map(({ name }) => {
    const path = folder + name;
    return { path, text: Deno.readTextFileSync(new URL(path, root)) };
  });
}

Deno.test("the kernels have the same arguments in their code, their headers, the interface and the access table", () => {
  const sources = [...read("assembly/"), ...read("src/kernels/")];
  assert(sources.some(({ path }) => path === "assembly/gemm.ts"), "the folders are read");
  assertEquals(kernelViolations(sources), []);
});

/** Texts of two kernels that keep to the rules. */
const SOUND: Record<string, string> = {
  "src/kernels/kernels.ts": `export interface Kernels {
  /** y += x. */
  add(y: number, x: number, m: number, n: number, ldy: number, ldx: number, times: number): void;
  /** y -= x. */
  subtract(y: number, x: number, m: number, n: number, ldy: number, ldx: number, times: number): void;
}
export const ACCESS = {
  add: "y>4ldy x<4ldx m* n ldy ldx times",
  subtract: "y>4ldy x<4ldx m* n ldy ldx times",
};
`,
  "assembly/index.ts": 'export { add, subtract } from "./sums";\n',
  "assembly/index_inference.ts": 'export { add } from "./sums";\n',
  "assembly/sums.ts": `/**
 * y = y + x + x + ...
 *
 *   y      [m, n]  inout  may be x
 *   x      [m, n] in
 *   times  number of terms
 */
export function add(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32, times: i32): void {
}

/** y = y - x - x - ... Arguments as \`add\`. */
export function subtract(y: usize, x: usize, m: i32, n: i32, ldy: i32, ldx: i32, times: i32): void {
}
`,
};

function violationsOf(texts: Record<string, string>): string[] {
  return kernelViolations(Object.entries(texts).map(([path, text]) => ({ path, text })));
}

/** Changes that break one rule each: a file, a text in it, the text instead, and a word of the complaint. */
const PLANTED: Record<string, [path: string, text: string, instead: string, complaint: string]> = {
  "a kernel without a declaration": [
    "assembly/index.ts",
    "add, subtract",
    "add, other, subtract",
    "interface Kernels does not have other",
  ],
  "a kernel that is not exported": ["assembly/index.ts", ", subtract", "", "does not export subtract"],
  "an argument of another name": [
    "assembly/sums.ts",
    "subtract(y: usize, x",
    "subtract(z: usize, x",
    "interface Kernels y",
  ],
  "arguments in another order": [
    "src/kernels/kernels.ts",
    "add(y: number, x: number",
    "add(x: number, y: number",
    "Kernels x, y",
  ],
  "an access table of other arguments": ["src/kernels/kernels.ts", 'add: "y>4ldy', 'add: "z>4ldy', "access table z"],
  "a kernel without an access table": ["src/kernels/kernels.ts", '  add: "', '  // add: "', "access table "],
  "an argument that the header does not have": [
    "assembly/sums.ts",
    " *   times  number of terms\n",
    "",
    'not have "times"',
  ],
  "a line for no argument": ["assembly/sums.ts", " *   times  ", " *   other  a word\n *   times  ", 'has "other"'],
  "an output that the access table reads": ["assembly/sums.ts", "[m, n] in", "[m, n] out", '"x" of'],
  "an input that the access table writes": ["assembly/sums.ts", "[m, n]  inout", "[m, n]  in", '"y" of'],
  "an address without a direction": ["assembly/sums.ts", "[m, n] in", "[m, n]", '"x" of'],
  "kernels of inference that are no kernels": ["assembly/index_inference.ts", "add", "other", "order of index.ts"],
  "kernels of inference in another order": ["assembly/index_inference.ts", "add", "subtract, add", "order of index.ts"],
  "kinds in another order": ["assembly/activation_set.ts", "", "const enum Kind {\n  Relu,\n}\n", "Kind differs"],
  "a long line": ["assembly/sums.ts", "\n}\n", `\n  // ${"a".repeat(120)}\n}\n`, "125 columns"],
};

for (const [name, [path, text, instead, complaint]] of Object.entries(PLANTED)) {
  Deno.test(`the architecture test catches ${name}`, () => {
    const sound = SOUND[path] ?? "";
    assert(sound.includes(text), `${path} does not have ${text}`);
    const found = violationsOf({ ...SOUND, [path]: sound.replace(text, instead) });
    assert(found.some((sentence) => sentence.includes(complaint)), found.join("\n"));
  });
}

Deno.test("kernels that keep to the rules pass", () => {
  assertEquals(violationsOf(SOUND), []);
});
