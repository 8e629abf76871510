import { assert, assertEquals } from "@std/assert";
import type { Source } from "./import_graph.ts";
import { trainingReached, valueImports } from "./architecture_run_only.ts";

const ROOT = new URL("../", import.meta.url);

function read(folder: string): Source[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) => {
    const path = folder + name;
    if (isDirectory) return read(`${path}/`);
    return name.endsWith(".ts") ? [{ path, text: Deno.readTextFileSync(new URL(path, ROOT)) }] : [];
  });
}

const entry = (text: string) => ({ path: "inference.ts", text });

Deno.test("what runs a saved model imports nothing that trains one", () => {
  const sources = [...read("src/"), entry(Deno.readTextFileSync(new URL("inference.ts", ROOT)))];
  assert(sources.some(({ path }) => path === "src/models/run/load.ts"), "the walk finds nested files");
  assertEquals(trainingReached(sources), []);
});

/** Files of which one breaks the rule, and the complaint. */
const PLANTED: Record<string, { sources: Source[]; complaint: string }> = {
  "a session": {
    sources: [{ path: "src/models/run/a.ts", text: 'import { compile } from "../../session/compile.ts";' }],
    complaint: "src/models/run/a.ts imports src/session/compile.ts",
  },
  "a trainer that another file imports": {
    sources: [
      { path: "src/models/run/a.ts", text: 'import { b, type B } from "../../decoding/b.ts";' },
      { path: "src/decoding/b.ts", text: 'export * from "../trainer/fit.ts";' },
    ],
    complaint: "src/decoding/b.ts imports src/trainer/fit.ts",
  },
  "the kernels of training": {
    sources: [{ path: "src/models/run/a.ts", text: 'const load = await import("../../kernels/load.ts");' }],
    complaint: "src/models/run/a.ts imports src/kernels/load.ts",
  },
  "a model that trains": {
    sources: [{ path: "src/models/run/a.ts", text: 'import { LanguageModel } from "../language_model.ts";' }],
    complaint: "src/models/run/a.ts imports src/models/language_model.ts",
  },
  "a loss": {
    sources: [
      entry(`import ".${"/src/training/clip.ts"}";`),
      { path: "src/models/run/a.ts", text: 'import "../../training/clip.ts"; import "../../training/losses/ctc.ts";' },
    ],
    complaint: "src/models/run/a.ts imports src/training/losses/ctc.ts",
  },
};

for (const [name, { sources, complaint }] of Object.entries(PLANTED)) {
  Deno.test(`the test of what runs models catches ${name}`, () => {
    const found = trainingReached(sources);
    assertEquals(found.length, 1, found.join("\n"));
    assert(found[0].startsWith(complaint), found[0]);
  });
}

Deno.test("imports of types do not count", () => {
  const text = `import type { A } from "./1.ts"; import { type B, type C } from "./2.ts"; export type * from "./3.ts";
    export type { D } from "./4.ts"; // import "./5.ts"
    import { type E, f } from "./6.ts"; import * as g from "./7.ts"; export {\n h,\n} from "./8.ts"; import "./9.ts";`;
  assertEquals(valueImports(text), [6, 7, 8, 9].map((n) => `./${n}.ts`));
  const sources = [{ path: "src/models/run/a.ts", text: 'import type { B } from "../../session/b.ts";' }];
  assertEquals(trainingReached(sources), []);
});
