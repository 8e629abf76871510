import { assert, assertEquals } from "@std/assert";
import { Page } from "../../examples/demo/page.ts";
import { drawLine } from "../../examples/demo/progress.ts";

const report = {
  step: 132,
  steps: 1e9,
  epoch: 1,
  tokens: 66_000,
  type: "step" as const,
  loss: 2.125,
  bitsPerToken: 3.0657,
  learningRate: 0.007,
  gradientNorm: 0.31,
  seconds: 12.5,
  fraction: 0.25,
};

Deno.test("the bar and its figures fit the terminal", () => {
  const bar = (size: number) => "#".repeat(size);
  const figures = " 25%  loss 2.125  3.066 bits/char  norm 0.31  5.3k char/s  0:38 left";
  assertEquals(drawLine(report, 80, bar), "#".repeat(77 - figures.length) + figures);
  assertEquals(drawLine(report, 200, bar), "#".repeat(30) + figures);
  assertEquals(drawLine(report, 50, bar), "#".repeat(14) + " 25%  loss 2.125  3.066 bits/char");
  for (let width = 20; width < 120; width++) {
    const upset = { ...report, loss: 1e9, gradientNorm: 1e12, tokens: 1e9, seconds: 1e6, fraction: 1e-3 };
    for (const each of [report, upset]) assert(drawLine(each, width, bar).length <= width - 3);
  }
});

Deno.test("a page breaks lines between words, wherever the pieces are cut", () => {
  const text = "\n\nCall me Ishmael. Some years ago - never\n\n  mind how long\tprecisely\x1b[2J Circumnavigation";
  const lines = ["Call me", "Ishmael.", "Some years", "ago - never", "", "  mind how", "long", "precisely[2J"];
  for (const length of [1, 2, 7, 100]) {
    let out = "";
    const page = new Page(12, (part) => out += part);
    for (let i = 0; i < text.length; i += length) page.put(text.slice(i, i + length));
    page.end();
    assertEquals(out, [...lines, "Circumnaviga", "tion", ""].join("\n"));
  }
});
