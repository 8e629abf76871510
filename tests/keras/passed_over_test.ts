/** Layers of Keras that do something in training only, or nothing: a model has the same outputs without them. */
import { assertStringIncludes, assertThrows } from "@std/assert";
import { unzipSync, zipSync } from "fflate";
import { FormatError } from "../../mod.ts";
import { readKeras } from "../../keras.ts";
import { caseNamed } from "../support/keras/models.ts";
import { assertOutputs } from "../support/keras/outputs.ts";

interface Layer {
  class_name: string;
  module?: string;
  config: Record<string, unknown>;
}

/** A `.keras` file of a case with further layers behind its input layer and at its end. */
function withLayers(name: string, layers: readonly Layer[]): Uint8Array {
  const entries = unzipSync(caseNamed(name).files[".keras"]);
  const json = JSON.parse(new TextDecoder().decode(entries["config.json"])), list = json.config.layers as Layer[];
  const named = layers.map((layer, i) => ({ ...layer, config: { name: `more_${i}`, ...layer.config } }));
  list.splice(list.findIndex(({ class_name }) => class_name === "InputLayer") + 1, 0, ...named);
  entries["config.json"] = new TextEncoder().encode(JSON.stringify(json));
  return zipSync(entries);
}

const layer = (class_name: string, config: Record<string, unknown> = {}) => {
  return { class_name, module: "keras.layers", config };
};

Deno.test("layers that matter in training only, or do nothing, are passed over", async () => {
  const file = withLayers("LSTM", [
    layer("GaussianNoise", { stddev: 0.5 }),
    layer("GaussianDropout", { rate: 0.5 }),
    layer("AlphaDropout", { rate: 0.5 }),
    layer("ActivityRegularization", { l1: 0.1, l2: 0 }),
    layer("SpatialDropout1D", { rate: 0.5 }),
    layer("Identity"),
    layer("TimeDistributed", { layer: layer("GaussianNoise", { name: "inner", stddev: 0.5 }) }),
    layer("ZeroPadding1D", { padding: [0, 0] }),
    layer("ZeroPadding1D", { padding: 0 }),
    layer("Cropping1D", { cropping: [0, 0] }),
    layer("UpSampling1D", { size: 1 }),
    layer("MaxPooling1D", { pool_size: [1], strides: [1] }),
    layer("AveragePooling1D", { pool_size: [1], strides: null }),
  ]);
  await assertOutputs(readKeras(file), caseNamed("LSTM"));
});

Deno.test("such layers that do something are refused by name", () => {
  const refused = (own: Layer, message: string, name = "LSTM") =>
    assertStringIncludes(assertThrows(() => readKeras(withLayers(name, [own])), FormatError).message, message);
  const place = 'layer "more_0"';
  refused(layer("ZeroPadding1D", { padding: [1, 0] }), `${place} (ZeroPadding1D): it is supported only where`);
  refused(layer("Cropping1D", { cropping: [0, 2] }), 'with "cropping" 0');
  refused(layer("UpSampling1D", { size: 2 }), 'with "size" 1');
  refused(layer("MaxPooling1D", { pool_size: [1], strides: [2] }), 'with "pool_size" 1');
  refused(layer("ZeroPadding1D", {}), 'with "padding" 0');
});
