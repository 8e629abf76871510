/** A written model has the outputs of the net in TensorFlow.js, and the same parameters when it is read again. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { compile, elman, Generator, gru, type Layer, lstm, OptionError, recurrent, sequential } from "../../../mod.ts";
import { pool, residual } from "../../../layers.ts";
import { type KerasOptions, readTfjs, writeTfjs } from "../../../tfjs.ts";
import { assertClose } from "../../support/conformance/read_cases.ts";
import { NETS } from "../../support/keras/nets.ts";
import { MODELS, readFiles } from "../../support/tfjs/models.ts";

const TOLERANCE = { atol: 2e-6, rtol: 2e-6 };
const B = 3, T = 5;

/** The outputs of written files in TensorFlow.js. */
async function predict(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  x: Float32Array,
  width: number | undefined,
) {
  const { modelTopology, weightsManifest: [{ weights }] } = JSON.parse(
    new TextDecoder().decode(files.get("model.json")),
  );
  const artifacts = { modelTopology, weightSpecs: weights, weightData: files.get("weights.bin")!.buffer };
  const model = await tf.loadLayersModel({ load: () => Promise.resolve(artifacts) });
  const output = model.predict(tf.tensor(x, width ? [B, T, width] : [B, T])) as tf.Tensor;
  return output.data();
}

/** An input of a net: tokens with padding 0 at the end, or values. */
function inputOf({ input: { kind, width } }: Layer, random: Generator): Float32Array {
  if (kind === "values") return Float32Array.from({ length: B * T * width }, () => random.uniform() * 2 - 1);
  return Float32Array.from({ length: B * T }, (_, i) => i % T > 2 ? 0 : 1 + random.integer(width - 1));
}

for (const [name, net] of Object.entries(NETS)) {
  Deno.test(`TensorFlow.js computes the outputs of a session: ${name}`, async () => {
    const x = inputOf(net, new Generator(1)), { kind, width } = net.input, last = net.output.steps === "one";
    using session = await compile(net, { batch: B, steps: T, batchFirst: true, numerics: "exact", seed: 1 });
    const options: KerasOptions = {
      head: last ? "softmax" : undefined,
      padding: kind === "tokens" && last ? 0 : undefined,
    };
    const files = writeTfjs(net, session.parameters(), options), model = await readTfjs((path) => files.get(path)!);
    const lengths = model.lengths(x, B);
    assertEquals(lengths?.length, options.padding === 0 ? B : undefined);
    const output = model.predictions(session.forward(x, { lengths }));
    assertClose(await predict(files, x, kind === "values" ? width : undefined), output, TOLERANCE, name);
    // Read again, with the sum of the two biases.
    using again = await compile(model.layer, { batch: B, steps: T, batchFirst: true, numerics: "exact" });
    again.setParameters(model.parameters);
    assertClose(model.predictions(again.forward(x, { lengths })), output, TOLERANCE, name);
  });
}

for (const { name, files } of MODELS.filter(({ name }) => !/against time|two outputs/.test(name))) {
  Deno.test(`a model that was read is written as it was: ${name}`, async () => {
    const model = await readFiles(files), written = writeTfjs(model.layer, model.parameters, model);
    const again = await readTfjs((path) => written.get(path)!);
    assertEquals([...again.parameters.values()], [...model.parameters.values()]);
    for (const key of ["head", "padding", "name", "stateful"] as const) assertEquals(again[key], model[key]);
  });
}

Deno.test("a layer that TensorFlow.js does not have is refused by name", async () => {
  const refused = async (net: Layer, word: string) => {
    using session = await compile(net, { batch: 1, steps: 1 });
    assertStringIncludes(assertThrows(() => writeTfjs(net, session.parameters()), OptionError).message, word);
  };
  const sizes = { input: 3, hidden: 3 };
  await refused(recurrent(gru(), sizes), "reset");
  await refused(recurrent(lstm({ projection: 2, peepholes: true }), sizes), "projection and peepholes");
  await refused(recurrent(elman({ clip: 1 }), sizes), "clip");
  await refused(recurrent(elman({ activation: "scaledTanh" }), sizes), "scaledTanh");
  await refused(recurrent(elman({ activation: { name: "leakyRelu", alpha: 0.2 } }), sizes), "leakyRelu");
  await refused(recurrent(lstm(), { ...sizes, initialStates: "learned" }), "learned");
  await refused(recurrent(lstm(), { ...sizes, bidirectional: true, merge: "none" }), "two sequences");
  const pooled = sequential({ rnn: recurrent(lstm(), sizes), mean: pool(3, "mean") });
  using session = await compile(pooled, { batch: 1, steps: 1 });
  const { message } = assertThrows(() => writeTfjs(pooled, session.parameters(), { padding: 0 }), OptionError);
  assertStringIncludes(message, "include the padding");
  await refused(residual(recurrent(lstm(), sizes)), "residual");
  await refused({ ...recurrent(lstm(), sizes), description: undefined }, "description");
  const { layer, parameters } = await readFiles(MODELS.find(({ name }) => name === "against time")!.files);
  assert(assertThrows(() => writeTfjs(layer, parameters), OptionError).message.includes("gru_GRU"));
});
