/** The cells of equations, written as a Scan, give here what their sessions give. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import * as cells from "../../cells.ts";
import { compile, dense, lstm, recurrent, sequential } from "../../mod.ts";
import { OnnxModel, writeOnnx } from "../../onnx.ts";

const CELLS = {
  minimalGatedUnit: cells.minimalGatedUnit,
  layerNormLstm: cells.layerNormLstm,
  layerNormGru: cells.layerNormGru,
  indRnn: cells.indRnn,
  sru: cells.sru,
  minGru: cells.minGru,
  minLstm: cells.minLstm,
  sLstm: cells.sLstm,
  zoneoutLstm: () => cells.zoneoutLstm(),
  notesLstm: cells.notesLstm,
  "an LSTM as equations": () => cells.byEquations(lstm({ coupled: true })),
};
const T = 6, B = 2, I = 3;

for (const [name, cell] of Object.entries(CELLS)) {
  Deno.test(`${name} runs as a Scan`, async () => {
    const rnn = recurrent(cell(), { input: I, hidden: 5, bidirectional: true }), out = dense(10, 2);
    const net = sequential({ rnn, out });
    using session = await compile(net, { batch: B, steps: T, seed: 1, numerics: "exact" });
    using model = OnnxModel.load(writeOnnx(net, session.parameters()), { numerics: "exact" });
    const x = Float32Array.from({ length: T * B * I }, (_, i) => Math.sin(3 * i)), expected = session.forward(x);
    const { output } = await model.run({ x: { shape: [T, B, I], data: x } });
    assertEquals(output.shape, [T, B, 2]);
    // Values below 1, each of some twenty sums in f32: the largest difference seen is 6e-8.
    expected.forEach((value, i) => assertAlmostEquals(Number(output.data[i]), value, 1e-6));
  });
}
