/** Invalid models are refused with one FormatError that names the faults and their places. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { FormatError } from "../../../mod.ts";
import { readTfjs } from "../../../tfjs.ts";
import { caseNamed, jsonFile, readFiles } from "../../support/tfjs/models.ts";

// deno-lint-ignore no-explicit-any -- arbitrary changes of JSON
type Any = any;

/** The error message for a case whose `model.json` is changed. */
async function refusal(name: string, change: (json: Any, layers: Any) => void): Promise<string> {
  const { files } = caseNamed(name), json = JSON.parse(new TextDecoder().decode(files["model.json"]));
  change(json, json.modelTopology.config.layers);
  const read = () => readFiles({ ...files, "model.json": jsonFile(json) });
  return (await assertRejects(read, FormatError)).message;
}

Deno.test("all faults are listed by layer", async () => {
  const message = await refusal("LSTM", (_, [lstm, dense]) => {
    Object.assign(lstm.config, { units: 5, activation: "gelu", return_state: true });
    dense.config.units = -3;
  });
  for (
    const word of [
      'layer "lstm_LSTM1" (LSTM): it returns its last states',
      '"activation" "gelu" is not supported',
      'layer "head" (Dense): "units" must be an integer >= 1, got -3',
      '"lstm_LSTM1/kernel" must have shape [4, 20], got [4, 16]',
      '"head/kernel" must have shape [5, 1], got [4, 3]',
    ]
  ) assertStringIncludes(message, word);
});

Deno.test("code and custom classes are refused by name", async () => {
  const lambda = { class_name: "Lambda", config: { name: "code", function: ["4wEAAAA=", null, null] } };
  assertStringIncludes(
    await refusal("LSTM", (_, layers) => layers.push(lambda)),
    'layer "code" (Lambda): it contains code',
  );
  assertStringIncludes(
    await refusal("LSTM", (_, [lstm]) => lstm.registered_name = "mine>LSTM"),
    "custom classes",
  );
  assertStringIncludes(await refusal("LSTM", (_, [lstm]) => lstm.module = "mine.layers"), "custom classes");
  assertStringIncludes(await refusal("LSTM", (_, [lstm]) => lstm.class_name = "Attention"), "(Attention): this class");
  assertStringIncludes(
    await refusal("LSTM", (_, [lstm]) => lstm.class_name = "constructor"),
    "this class is not supported",
  );
});

Deno.test("layers that the library would compute differently are refused", async () => {
  const set = (i: number, options: Any) => (_: Any, layers: Any) => Object.assign(layers[i].config, options);
  assertStringIncludes(
    await refusal("TimeDistributed", (_, [, outer]) => outer.config.layer.class_name = "LSTM"),
    '"LSTM"',
  );
  assertStringIncludes(await refusal("norm, activations", set(1, { axis: 1 })), '"axis" must be the last');
  assertStringIncludes(await refusal("norm, activations", set(6, { max_value: 6 })), "max_value");
  assertStringIncludes(await refusal("dropout", set(0, { noise_shape: [null, 2, 4] })), "noise_shape");
  assertStringIncludes(await refusal("dropout", set(0, { rate: 1 })), '"rate"');
  assertStringIncludes(await refusal("lstm concat steps", set(0, { merge_mode: "max" })), "merge_mode");
  assertStringIncludes(
    await refusal("lstm concat steps", (_, [outer]) => {
      outer.config.backward_layer = structuredClone(outer.config.layer);
      outer.config.backward_layer.config.go_backwards = true;
      outer.config.backward_layer.config.activation = "relu";
    }),
    "differ by more than the direction",
  );
  const pool = { class_name: "GlobalAveragePooling1D", config: { name: "mean" } };
  assertStringIncludes(await refusal("embedding, steps", (_, layers) => layers.push(pool)), "takes padding too");
  assertStringIncludes(await refusal("Masking", (_, layers) => layers.reverse()), "Masking must read the input itself");
  assertStringIncludes(
    await refusal("embedding, steps", (_, [, gru]) => gru.config.go_backwards = true),
    "in reverse order, with padding",
  );
  assertStringIncludes(await refusal("LSTM", (_, layers) => layers.splice(1, 0, layers[0])), "outputs one row");
  const softmax = { class_name: "Softmax", config: { name: "s", axis: 1 } };
  assertStringIncludes(
    await refusal("LSTM", (_, layers) => layers.splice(1, 0, softmax)),
    "at the end of a model only",
  );
});

Deno.test("functional models that are not a chain are refused", async () => {
  const change = (i: number, options: Any) => (_: Any, layers: Any) => Object.assign(layers[i], options);
  assertStringIncludes(await refusal("functional", change(1, { inbound_nodes: [] })), "must be called once, got 0");
  assertStringIncludes(
    await refusal("functional", change(2, { inbound_nodes: [[["x", 0, 0, {}], ["x", 0, 0, {}]]] })),
    "must read one tensor, got 2",
  );
  assertStringIncludes(
    await refusal("functional", (_, layers) => {
      layers[2].inbound_nodes[0][0][0] = layers[3].name;
    }),
    "no path",
  );
  assertStringIncludes(
    await refusal("functional", (json) => json.modelTopology.config.output_layers = []),
    "one output",
  );
  assertStringIncludes(
    await refusal("functional", (_, layers) => {
      layers[3].inbound_nodes[0][0][0] = "x";
    }),
    "beside the path",
  );
});

Deno.test("files that do not fit their manifest are refused, and no file outside the folder is read", async () => {
  const weights = (change: (group: Any) => void) => (json: Any) => change(json.weightsManifest[0]);
  for (
    const path of ["../a.bin", "/etc/hostname", "https://elsewhere/a.bin", "a/./b", "c:\\a", "a\\..\\b", "%2e%2e/a", ""]
  ) {
    const asked: string[] = [], { files } = caseNamed("LSTM");
    const json = JSON.parse(new TextDecoder().decode(files["model.json"]));
    json.weightsManifest[0].paths[1] = path;
    await assertRejects(() => readTfjs((name) => (asked.push(name), jsonFile(json))), FormatError, "files beside");
    assertEquals(asked, ["model.json"]);
  }
  assertStringIncludes(await refusal("LSTM", weights((group) => group.weights[0].shape[0]++)), "bytes by the manifest");
  assertStringIncludes(await refusal("LSTM", weights((group) => group.weights[0].dtype = "int32")), "float32");
  assertStringIncludes(await refusal("LSTM", weights((group) => group.weights[0].shape = [1e15, 1e15])), "bytes");
  assertStringIncludes(await refusal("LSTM", weights((group) => group.weights.push(group.weights[0]))), "twice");
  assertStringIncludes(await refusal("LSTM", weights((group) => group.weights[0].name = "other/kernel")), "is missing");
  const { files } = caseNamed("LSTM");
  const more = jsonFile({ ...JSON.parse(new TextDecoder().decode(files["model.json"])) });
  await assertRejects(() => readFiles({ ...files, "model.json": more.slice(0, -1) }), FormatError, "at byte");
  await assertRejects(() => readFiles({ "model.json": files["model.json"] }), FormatError, '"a.bin"');
  assertStringIncludes(await refusal("LSTM", (json) => json.format = "graph-model"), "operators instead of layers");
  assertStringIncludes(await refusal("LSTM", (json) => delete json.modelTopology), '"modelTopology" is missing');
});

Deno.test("a variable that no layer has is an error", async () => {
  const { files } = caseNamed("LSTM"), json = JSON.parse(new TextDecoder().decode(files["model.json"]));
  json.weightsManifest.push({ paths: ["c.bin"], weights: [{ name: "more/bias", shape: [1], dtype: "float32" }] });
  const all = { ...files, "model.json": jsonFile(json), "c.bin": new Uint8Array(4) };
  const { message } = await assertRejects(() => readFiles(all), FormatError);
  assert(message.includes("no layer has the variables more/bias"), message);
});
