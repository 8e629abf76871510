import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Case, readCases } from "../support/conformance/read_cases.ts";
import { passes } from "../support/conformance/passes.ts";
import { runFolder } from "../support/conformance/run.ts";
import { judge, largestShare } from "../support/conformance/verdict.ts";

const FIXTURES = new URL("../fixtures/", import.meta.url), LOSSES = new URL("../fixtures/losses/", import.meta.url);

for (const kind of ["cross_entropy", "clip_grad_norm", "clip_grad_value"]) passes(kind, ["fast", "exact", "f64"]);
for (const kind of ["cross_entropy", "ctc_loss", "element_loss"]) passes(kind, ["fast", "exact", "f64"], LOSSES);

const FILES = new URL("../fixtures/files/", import.meta.url);
for (const kind of ["bad_safetensors", "edge_safetensors"]) passes(kind, ["exact"], FILES);
passes("char_lm", ["fast", "exact", "f64"], FILES);

/** Where the library's result is not PyTorch's: no mean over nothing. An infinite loss it has, but no step with one. */
const OTHERS = ["ce_none_counts", "ctc_infinite"];

Deno.test("losses that are not finite in PyTorch are refused", async () => {
  const { lines, counts } = await run(LOSSES);
  assertEquals([counts.failed, counts.skipped, counts.differs], [0, 0, OTHERS.length]);
  for (const name of OTHERS) assert(lines.some((line) => line.startsWith(`differs ${name} `)), name);
});

Deno.test("all fixtures pass, with a line for each and their number at the end", async () => {
  const { lines, counts } = await run(FIXTURES), count = readCases().length;
  assertEquals(counts, { passed: count, failed: 0, skipped: 0, differs: 0 });
  assertEquals(lines.length, count + 1);
  assertEquals(lines.at(-1), `${count} passed, 0 failed`);
  assert(lines.every((line) => !line.includes("FINDING")));
});

Deno.test("a wrong case fails, a missing file fails, what does not exist yet is skipped", async () => {
  const folder = new URL(`file://${await Deno.makeTempDir()}/`);
  try {
    const [gru, loss] = ["gru", "cross_entropy"].map((name) => readCases().find((test) => test.name === name)!);
    for (const { file } of [gru, loss]) await Deno.copyFile(new URL(file, FIXTURES), new URL(file, folder));
    const cases: Partial<Case>[] = [
      gru,
      { ...gru, name: "wrong", config: { ...gru.config, mode: "LSTM" } },
      { ...gru, name: "strict", tolerance: { atol: 1e-12, rtol: 1e-12 } },
      { ...gru, name: "near", tolerance: { ...gru.tolerance, measured_float32_torch: { max_ratio: 1e-7 } } },
      { ...gru, name: "lost", file: "lost.safetensors" },
      { ...gru, name: "later", kind: "rnn_of_tomorrow" },
      { ...loss, name: "batchmean", config: { ...loss.config, reduction: "batchmean" } },
      { ...loss, name: "free", advisory: true, config: { ...loss.config, label_smoothing: 0.1 } },
    ];
    await Deno.writeTextFile(new URL("cases.json", folder), JSON.stringify(cases));
    const { lines, counts } = await run(folder);
    assertEquals(counts, { passed: 2, failed: 3, skipped: 2, differs: 1 });
    const words = ["passed  gru", "failed  wrong", "failed  strict", "FINDING", "failed  lost", "skipped later"];
    [...words, 'no reduction "batchmean"', "differs free", "2 passed, 3 failed, 2 skipped, 1 differ"].forEach(
      (word, i) => {
        assertStringIncludes(lines[i], word);
      },
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a bad file that is read fails, and other values, and a text that goes on otherwise", async () => {
  const folder = new URL(`file://${await Deno.makeTempDir()}/`);
  try {
    const [edge, lm] = ["edge_all_types", "char_lm"].map((name) =>
      readCases(FILES).find((test) => test.name === name)!
    );
    const { values } = edge.config, document = lm.document(), [first] = document.generations;
    first.continuation = `${first.continuation.slice(0, -1)}${first.continuation.endsWith("e") ? "a" : "e"}`;
    for (const { file } of [edge, lm]) await Deno.copyFile(new URL(file, FILES), new URL(file, folder));
    await Deno.writeTextFile(new URL(lm.json!, folder), JSON.stringify(document));
    const cases: Partial<Case>[] = [
      { ...edge, kind: "bad_safetensors", config: { expect: "reject" } },
      { ...edge, kind: "bad_safetensors", config: { expect: "either" } },
      { ...edge, file: "lost.safetensors", kind: "bad_safetensors", config: { expect: "reject" } },
      ...["float16", "bfloat16", "uint64"].map((name): Partial<Case> => {
        const other = values[name].with(-1, name === "uint64" ? "1" : 0);
        return { ...edge, config: { ...edge.config, values: { ...values, [name]: other } } };
      }),
      { ...edge, config: { ...edge.config, values: { ...values, other: [] } } },
      lm,
    ];
    await Deno.writeTextFile(new URL("cases.json", folder), JSON.stringify(cases));
    const { lines } = await run(folder);
    const words = ["failed", "passed", "failed", "failed", "failed", "failed", "failed", "failed", "1 passed"];
    words.forEach((word, i) => assert(lines[i].startsWith(word), lines[i]));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an error is its share of the tolerance; NaN and another length are infinitely far off", () => {
  const [tolerance, arithmetic] = [{ atol: 0.1, rtol: 0.1 }, "f64"] as const;
  const share = (got: number[], want: number[]) => largestShare({ name: "this", arithmetic, got, want, tolerance });
  assertEquals(share([1, 2], [1, 2]), 0);
  assert(Math.abs(share([1, 1.6], [1, 2]) - 4 / 3) < 1e-9);
  assertEquals(share([NaN, 2], [1, 2]), Infinity);
  assertEquals(share([1], [1, 2]), Infinity);
  const chance = { ...readCases()[0], tolerance: { ...tolerance, measured_float32_torch: { max_ratio: 0 } } };
  const off = (error: number) => judge(chance, [{ name: "this", arithmetic, got: [error], want: [0], tolerance }]);
  assert(!off(1e-30).suspicious && off(1e-6).suspicious);
  assert(!judge(readCases()[0], []).passed, "nothing at all is not enough");
});

async function run(folder: URL) {
  const lines: string[] = [];
  return { counts: await runFolder(folder, (line) => lines.push(line)), lines };
}
