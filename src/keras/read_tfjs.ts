import { FormatError } from "../errors.ts";
import { parseJson } from "../formats/json.ts";
import { Config } from "./read/config.ts";
import { type KerasModel, readModel } from "./model.ts";
import { NamedVariables } from "./read/variable_sources.ts";
import { Faults } from "./read/config.ts";
import { readManifest, readWeights } from "./files/tfjs_manifest.ts";

/** Reads a file by its path relative to the model's folder. */
export type ReadFile = (path: string) => Uint8Array | Promise<Uint8Array>;

/**
 * A layers model of TensorFlow.js: what `model.save()` or the converter from Keras (`tensorflowjs_converter
 * --output_format=tfjs_layers_model`) has written, weights of float32, float16, or quantized to uint8 or uint16. Sequential models,
 * and functional ones in which each layer reads the one before it, of these layers: Embedding, Masking, SimpleRNN, GRU, LSTM, RNN of
 * such cells, Bidirectional, Dense, TimeDistributed, Activation and layers of one nonlinearity, Dropout, SpatialDropout1D,
 * LayerNormalization, GlobalAveragePooling1D, GlobalMaxPooling1D. Nothing in the file is executed.
 *
 * @param read Reads a file: `model.json`, then each that it names, all of them beside it or in folders below.
 * @param model The model's own file.
 * @throws {FormatError} When a file is broken, or something in the model is not supported or does not fit, with all of it; and what
 * `read` throws.
 *
 * @example
 * ```ts
 * import { compile } from "@unroll/rnn";
 * import { readTfjs } from "@unroll/rnn/tfjs";
 * import { assertEquals } from "@std/assert";
 *
 * // A dense layer with W = [1, 2] and b = 3; usually (path) => Deno.readFile(`folder/${path}`), or fetch.
 * const dense = { class_name: "Dense", config: { name: "d", units: 1, batch_input_shape: [null, null, 2] } };
 * const weights = [{ name: "d/kernel", shape: [2, 1], dtype: "float32" }, { name: "d/bias", shape: [1], dtype: "float32" }];
 * const files: Record<string, Uint8Array> = {
 *   "model.json": new TextEncoder().encode(JSON.stringify({
 *     modelTopology: { class_name: "Sequential", config: { name: "s", layers: [dense] } },
 *     weightsManifest: [{ paths: ["weights.bin"], weights }],
 *   })),
 *   "weights.bin": new Uint8Array(Float32Array.of(1, 2, 3).buffer),
 * };
 * const { layer, parameters, batchFirst } = await readTfjs((path) => files[path]);
 * using session = await compile(layer, { batch: 1, steps: 1, batchFirst });
 * session.setParameters(parameters);
 * assertEquals([...session.forward([10, 100])], [213]);
 * ```
 */
export async function readTfjs(read: ReadFile, model = "model.json"): Promise<KerasModel> {
  const bytes = await file(read, model), faults = new Faults(`read ${model}`);
  const root = parseJson(
    bytes,
    0,
    bytes.length,
    (offset, reason) => new FormatError(`Cannot read ${model} at byte ${offset}: ${reason}`, offset),
  );
  const { value } = root;
  if (!(value instanceof Map)) throw new FormatError(`Cannot read ${model}: expected an object`);
  const top = new Config(value, faults.add), format = top.text("format");
  if (format !== undefined && format !== "layers-model") {
    faults.add(`it is a ${JSON.stringify(format)}, of operators instead of layers; save a layers model`);
  }
  faults.check();
  // The converter has the model's configuration in an object beside Keras's version.
  const topology = value.get("modelTopology"), inner = topology?.value;
  const config = (inner instanceof Map && inner.get("model_config")) || topology;
  if (!config) faults.add(`"modelTopology" is missing`);
  const groups = readManifest(top, faults);
  faults.check();
  const files = new Map<string, Uint8Array>();
  for (const path of new Set(groups.flatMap(({ paths }) => paths))) files.set(path, await file(read, path));
  return readModel(config!, "tfjs", new NamedVariables(readWeights(groups, files)));
}

/** The bytes of a file; a function that looks names up may have none. */
async function file(read: ReadFile, path: string): Promise<Uint8Array> {
  const bytes: Uint8Array | undefined = await read(path);
  if (bytes instanceof Uint8Array) return bytes;
  throw new FormatError(`Cannot read ${JSON.stringify(path)}: expected the bytes of a file, got ${typeof bytes}`);
}
