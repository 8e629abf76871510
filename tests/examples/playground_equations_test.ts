/** The text field of the playground: equations of the lecture notes become a cell. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { gradientCheck } from "../../check.ts";
import { NOTES_GRU, parseCell } from "../../examples/playground/equations.ts";
import { OptionError, recurrent } from "../../mod.ts";

const LSTM = `i = sigmoid(x U^i + h W^i)
f = sigmoid(x U^f + h W^f)
o = sigmoid(x U^o + h W^o)
g = tanh(x U^g + h W^g)
C = f C + i g
h = tanh(C) o`;

Deno.test("the notes' equations become cells with right gradients", async () => {
  for (
    const [text, states] of [[NOTES_GRU, ["h"]], [LSTM, ["h", "C"]], ["h = tanh(0.5 x U^a - 2 * h W^a / 3)", [
      "h",
    ]]] as const
  ) {
    const cell = parseCell(text);
    assertEquals(Object.keys(cell.states(3)), [...states]);
    const check = await gradientCheck(recurrent(cell, { input: 2, hidden: 3 }));
    assert(check.ok, String(check));
  }
  assertStringIncludes(String(parseCell(NOTES_GRU)), "h = (1 - z) h' + z c");
  assertStringIncludes(String(parseCell(NOTES_GRU)), "dz_c = dh z (1 - c²)");
});

Deno.test("a wrong line is refused by its number", () => {
  const refused: [text: string, words: string][] = [
    ["", "Line 1: expected an equation, got nothing"],
    ["h = tanh(x U^a", "Line 1: expected ), got the end of the line"],
    ["z = sigmoid(x U^z)\nh = z +", "Line 2: expected a value, got the end of the line"],
    ["h = tanh(x)", "x needs a weight"],
    ["h = tanh(h U^a)", "Line 1: expected x before U^a"],
    ["tanh = x U^a", "Line 1: expected the name of a value, got tanh"],
    ["z = 3\nh = x U^a z", "Line 1: expected a value of the step, got 3"],
    ["h = x U^a ; alert(1)", "Line 1: expected the end of the line, got ;"],
    ["h = x U^a + k", '"k" is read, but no line says what it is'],
    ["h = x.constructor", "Line 1: expected the end of the line, got ."],
  ];
  for (const [text, words] of refused) {
    assertStringIncludes(assertThrows(() => parseCell(text), SyntaxError).message, words);
  }
  assertThrows(() => parseCell("h = tanh(h W^a)"), OptionError, 'does not use the gate "a"');
});
