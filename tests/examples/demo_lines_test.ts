import { assert, assertEquals } from "@std/assert";
import { statusOf } from "../../examples/demo/training.ts";
import { WordWrap } from "../../examples/demo/writing.ts";
import { drawLine } from "../../examples/frame/progress_bar.ts";

const state = {
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
  const draw = (width: number, at = state, label = "") => drawLine(label, statusOf(at), width, bar);
  const figures = " 25%  loss 2.125  3.066 bits/char  norm 0.31  5.3k char/s  0:38 left";
  assertEquals(draw(80), "#".repeat(77 - figures.length) + figures);
  assertEquals(draw(200), "#".repeat(30) + figures);
  assertEquals(draw(50), "#".repeat(14) + " 25%  loss 2.125  3.066 bits/char");
  assertEquals(draw(50, state, "GRU"), "GRU " + "#".repeat(10) + " 25%  loss 2.125  3.066 bits/char");
  const large = { ...state, loss: 1e9, gradientNorm: 1e12, tokens: 1e9, seconds: 1e6, fraction: 1e-3 };
  for (let width = 20; width < 120; width++) {
    for (const each of [state, large]) assert(draw(width, each).length <= width - 3);
  }
});

Deno.test("without a terminal the state of a training is one line", () => {
  const figures = "loss 2.125, 3.066 bits per character, gradient norm 0.31, 5.3k characters/s, 0:38 left";
  assertEquals(statusOf(state).line, `step 132, 25%: ${figures}`);
});

Deno.test("lines break between words, wherever the pieces of the text are cut", () => {
  const text = "\n\nCall me Ishmael. Some years ago - never\n\n  mind how long\tprecisely\x1b[2J Circumnavigation";
  const lines = ["Call me", "Ishmael.", "Some years", "ago - never", "", "  mind how", "long", "precisely[2J"];
  for (const length of [1, 2, 7, 100]) {
    let out = "";
    const wrap = new WordWrap(12, (part) => out += part);
    for (let i = 0; i < text.length; i += length) wrap.write(text.slice(i, i + length));
    wrap.end();
    assertEquals(out, [...lines, "Circumnaviga", "tion", ""].join("\n"));
  }
});
