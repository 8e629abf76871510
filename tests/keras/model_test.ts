/** A model that was read: padding, names, further training. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { adam, compile, crossEntropy, ShapeError } from "../../mod.ts";
import { gradientCheck } from "../../check.ts";
import { readKeras, writeKeras } from "../../keras.ts";
import { assertRight } from "../support/gradients/assert_right.ts";
import { caseNamed as tfjsCase, jsonFile, readFiles } from "../support/tfjs/models.ts";
import { caseNamed } from "../support/keras/models.ts";

Deno.test("lengths are found where padding comes last; other padding is moved there", () => {
  const model = readKeras(caseNamed("embedding").files[".keras"]);
  assertEquals(model.padding, 0);
  assertEquals([...model.lengths([1, 2, 0, 3, 0, 0, 4, 5, 6], 3)!], [2, 1, 3]);
  assertThrows(() => model.lengths([1, 0, 2, 3, 0, 0], 2), ShapeError, 'row 0 of "x" has padding at step 1');
  assertThrows(() => model.lengths([1, 2, 0, 0], 2), ShapeError, 'row 1 of "x" consists of padding only');
  assertThrows(() => model.postPadded([0, 0, 1, 2], 2), ShapeError, "row 0");
  assertThrows(() => model.lengths([1, 2, 3], 2), ShapeError, "[batch, T]");
  const { x, lengths } = model.postPadded([0, 1, 0, 2, 0, 0, 0, 3], 2);
  assertEquals([[...x], [...lengths]], [[1, 2, 0, 0, 3, 0, 0, 0], [2, 1]]);

  const values = readKeras(caseNamed("Masking").files[".keras"]), pad = [-2, -2, -2, -2], own = [-2, 1, -2, -2];
  assertEquals([...values.lengths([...own, ...pad, ...own, ...own], 2)!], [1, 2]);
  assertEquals([...values.postPadded([...pad, ...own], 1).x], [...own, ...pad]);
  const none = readKeras(caseNamed("LSTM").files[".keras"]);
  assertEquals([none.padding, none.lengths([1], 1)], [undefined, undefined]);
  assertThrows(() => none.postPadded([1], 1), ShapeError, "no mask");
});

Deno.test("a model that was read can be trained with lengths, and written again", async () => {
  const one = caseNamed("embedding, steps"), model = readKeras(one.files[".keras"]), { layer, batchFirst } = model;
  using session = await compile(layer, {
    batch: one.B,
    steps: one.T,
    batchFirst,
    loss: crossEntropy(),
    optimizer: adam({ learningRate: 0.03 }),
  });
  session.setParameters(model.parameters);
  const { x, lengths } = model.postPadded(one.sets[0].x, one.B), y = x.map((token) => token % 3);
  const losses = Array.from({ length: 60 }, () => session.step({ x, y }, { lengths }).loss);
  assert(losses.at(-1)! < 0.3 * losses[0], `${losses[0]} became ${losses.at(-1)}`);
  const again = readKeras(await writeKeras(layer, session.parameters(), model));
  using written = await compile(again.layer, { batch: one.B, steps: one.T, batchFirst });
  written.setParameters(again.parameters);
  const before = session.forward(x, { lengths }), after = written.forward(x, { lengths });
  assert(before.every((value, i) => Math.abs(value - after[i]) < 1e-5), "the sum of the biases differs");
});

Deno.test("layers in reverse have correct gradients", async () => {
  const { layer } = readKeras(caseNamed("against time").files[".keras"]);
  assertRight(await gradientCheck(layer, { lengths: [4, 1, 3] }), 1e-6);
});

Deno.test("frozen and stateful layers are reported", async () => {
  const { files } = tfjsCase("LSTM"), json = JSON.parse(new TextDecoder().decode(files["model.json"]));
  const [lstm, dense] = json.modelTopology.config.layers;
  Object.assign(lstm.config, { trainable: false, stateful: true, name: "a.b" });
  dense.config.name = "7";
  json.weightsManifest[0].weights.forEach((weight: { name: string }) => {
    weight.name = weight.name.replace(/^lstm_LSTM1/, "a.b").replace(/^head/, "7");
  });
  const model = await readFiles({ ...files, "model.json": jsonFile(json) });
  assertEquals(model.stateful, true);
  assertEquals(model.frozen, ["a_b.weight_ih_l0", "a_b.weight_hh_l0", "a_b.bias_ih_l0", "a_b.bias_hh_l0"]);
  assertEquals(Object.keys(model.layer.parameters).slice(4), ["layer7.weight", "layer7.bias"]);
  using session = await compile(model.layer, { batch: 1, steps: 1, frozen: model.frozen });
  session.setParameters(model.parameters);
});
