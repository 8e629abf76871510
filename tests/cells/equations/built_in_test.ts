/** The cells of the library as equations: the bits of those that are written by hand, in the exact build. */
import { assertEquals, assertThrows } from "@std/assert";
import { byEquations, notesGru, notesLstm } from "../../../cells.ts";
import { type Cell, compile, elman, gru, type Layer, lstm, OptionError, recurrent } from "../../../mod.ts";
import { bahdanau } from "../../../models.ts";
import { assertSame, draw, pass, type Results } from "../../support/cells/trial.ts";

const T = 6, B = 5, CLIP = 0.7;

/** Nonlinearities whose gradients read the result, the argument, or neither. */
const OTHERS = [undefined, "softsign", { name: "hardSigmoid", alpha: 0.3, beta: 0.4 }, "relu", "affine"] as const;

const layers = (cell: Cell): Layer =>
  recurrent(cell, { input: 3, hidden: 9, layers: 2, bidirectional: true, recurrentDropout: 0.2 });

/** The results of a pass of training over rows of different lengths. */
async function results(cell: Cell): Promise<Results> {
  using session = await compile(layers(cell), { batch: B, steps: T, train: true, seed: 3, numerics: "exact" });
  return pass(session, draw(layers(cell), { T, B }, 4), B, { lengths: [6, 2, 5, 6, 1], training: true });
}

const shapes = (cell: Cell) => Object.entries(cell.parameters(3, 9)).map(([name, { shape }]) => [name, shape]);

const CELLS: readonly Cell[] = [
  notesGru(),
  notesLstm(),
  ...[true, false].flatMap((bias) => [elman({ bias }), gru({ bias }), gru({ bias, reset: "before" }), lstm({ bias })]),
  ...[undefined, CLIP].flatMap((clip) =>
    OTHERS.flatMap((f) => [
      elman({ clip, activation: f }),
      gru({ clip, activations: { gates: f } }),
      gru({ clip, reset: "before", activations: { candidate: f } }),
      lstm({ clip, activations: { gates: f, cell: f } }),
      lstm({ clip, coupled: true, activations: { hidden: f } }),
    ])
  ),
  ...[undefined, CLIP].flatMap((clip) => [
    lstm({ clip, projection: 4 }),
    lstm({ clip, projection: 4, coupled: true, bias: false }),
    lstm({ clip, peepholes: true }),
    lstm({ clip, peepholes: true, coupled: true, projection: 4 }),
  ]),
];

for (const cell of new Map(CELLS.map((cell) => [cell.name, cell])).values()) {
  Deno.test(`${cell.name}: its equations have the bits of the cell`, async () => {
    const equations = byEquations(cell);
    assertEquals(equations.name, cell.name);
    assertEquals(shapes(equations), shapes(cell));
    assertSame(await results(equations), await results(cell), cell.name);
  });
}

Deno.test("a cell that is none of the library's has no equations", () => {
  const cell = bahdanau(lstm(), { source: 4 });
  assertThrows(() => byEquations(cell), OptionError, `Cannot write the cell "${cell.name}" by equations`);
});
