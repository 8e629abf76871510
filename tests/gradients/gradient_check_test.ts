import { assert } from "@std/assert";
import { type Cell, dense, elman, embedding, gru, type Layer, lstm, oneHot, recurrent, sequential } from "../../mod.ts";
import { Generator } from "../../src/random/generator.ts";
import { draw } from "../cells/trial.ts";
import { cellRoundings, U, walk } from "../rounding.ts";
import { checkPass, checkStep, type Finding } from "./gradient_check.ts";

const CELLS: Record<string, () => Cell> = {
  "elman, tanh": () => elman(),
  "elman, relu": () => elman({ activation: "relu" }),
  "lstm": () => lstm(),
  "gru, reset after": () => gru(),
  "gru, reset before": () => gru({ reset: "before" }),
};

const EXTENT = { T: 4, B: 3 }, V = 7, I = 5, HIDDEN = [6, 4];

/** The gradient comes as f32 numbers, off by U of the element; the differences are true to 1e-8 of the largest one. */
const DIFFERENCES = U + 1e-8;
/** Two layers, a dense one of V columns, a loss of as many terms. The worst of the table reaches a quarter of it. */
const BUILDS = walk(2 * cellRoundings({ ...EXTENT, I, H: HIDDEN[0] }) + HIDDEN[1] + 2 * V + EXTENT.T * EXTENT.B);

const table = [["net", "tensor", "f64", "exact", "fast"]];

for (const [name, cell] of Object.entries(CELLS)) {
  const embedded = sequential({
    embedding: embedding(V, I),
    rnn: recurrent(cell(), { input: I, hidden: HIDDEN }),
    decoder: dense(HIDDEN[1], V),
  });
  const hot = sequential({
    input: oneHot(V),
    rnn: recurrent(cell(), { input: V, hidden: HIDDEN }),
    decoder: dense(HIDDEN[1], V),
  });
  const values = recurrent(cell(), { input: I, hidden: HIDDEN });

  Deno.test(`${name}: gradients of the cross-entropy, embedded tokens`, () => step(`${name}, embedding`, embedded));
  Deno.test(`${name}: gradients of the cross-entropy, one-hot tokens`, () => step(`${name}, one-hot`, hot));
  Deno.test(`${name}: gradients of x, first states and parameters from dOutput and dStates`, async () => {
    judge(`${name}, values`, await checkPass(values, EXTENT, draw(values, EXTENT, 2)));
  });
}

Deno.test("the worst errors, relative to the largest element of the gradient", () => {
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  console.log(table.map((row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ")).join("\n"));
});

async function step(name: string, net: Layer): Promise<void> {
  const random = new Generator(3), { x, states } = draw(net, EXTENT, 1);
  const y = Array.from(x, (_, i) => i % 5 === 2 ? -100 : random.integer(V)); // some rows do not count
  judge(name, await checkStep(net, EXTENT, { x, y, states }));
}

function judge(name: string, findings: readonly Finding[]): void {
  for (const { tensor, differences, builds } of findings) {
    table.push([name, tensor, ...[differences, builds.exact, builds.fast].map((error) => error.toExponential(1))]);
  }
  for (const { tensor, differences, noise, builds } of findings) {
    // Written so that NaN, of a gradient that is zero everywhere, fails.
    assert(differences <= DIFFERENCES + noise, `${tensor}: off the central differences by ${differences}`);
    for (const [build, error] of Object.entries(builds)) {
      assert(error <= BUILDS, `${tensor}: the ${build} build is off by ${error}, allowed is ${BUILDS}`);
    }
  }
}
