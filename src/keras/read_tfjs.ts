import { FormatError, requireBytes } from "../errors.ts";
import { parseJson } from "../formats/json.ts";
import { Budget, limits as readLimits, type ReadLimits } from "../formats/limits.ts";
import { readOptions, type Table } from "../options.ts";
import { readManifest, readWeights } from "./files/tfjs_manifest.ts";
import { type KerasModel, readModel } from "./model.ts";
import { Config, Faults } from "./read/config.ts";
import { NamedVariables } from "./read/variable_sources.ts";

/** Reads a file. Paths are relative to the folder of the model. */
export type ReadFile = (path: string) => Uint8Array | ArrayBuffer | Promise<Uint8Array | ArrayBuffer>;

/** Options of `readTfjs`. */
export interface ReadTfjsOptions {
  /** How much memory and time the files may take. */
  limits?: ReadLimits;
}

const READ = { limits: [readLimits] } satisfies Table<ReadTfjsOptions>;

/**
 * Reads a layers model of TensorFlow.js, as written by `model.save()` or by the converter from Keras
 * (`tensorflowjs_converter --output_format=tfjs_layers_model`). Weights may be float32, float16, or quantized to uint8
 * or uint16.
 *
 * Sequential models are supported, and functional models in which each layer reads the layer before it. The supported
 * layers are Embedding, Masking, SimpleRNN, GRU, LSTM, RNN of these cells, Bidirectional, Dense, TimeDistributed,
 * Activation and the layers of one nonlinearity, Dropout, SpatialDropout1D, LayerNormalization, GlobalAveragePooling1D
 * and GlobalMaxPooling1D. No code in the file is executed.
 *
 * @param read Reads `model.json`, then each file that it names. All of them are in the folder of `model.json` or below.
 * @param model The path of `model.json`.
 * @throws {FormatError} When a file is broken, or parts of the model are not supported or do not fit; the message lists
 * all of them. Errors of `read` are passed on.
 *
 * @example
 * ```ts
 * import { compile } from "@unroll/rnn";
 * import { readTfjs } from "@unroll/rnn/tfjs";
 * import { assertEquals } from "@std/assert";
 *
 * // A dense layer with W = [1, 2] and b = 3; usually (path) => Deno.readFile(`folder/${path}`), or fetch.
 * const dense = { class_name: "Dense", config: { name: "d", units: 1, batch_input_shape: [null, null, 2] } };
 * const kernel = { name: "d/kernel", shape: [2, 1], dtype: "float32" };
 * const weights = [kernel, { name: "d/bias", shape: [1], dtype: "float32" }];
 * const files: Record<string, Uint8Array> = {
 *   "model.json": new TextEncoder().encode(JSON.stringify({
 *     modelTopology: { class_name: "Sequential", config: { name: "s", layers: [dense] } },
 *     weightsManifest: [{ paths: ["weights.bin"], weights }],
 *   })),
 *   "weights.bin": new Uint8Array(Float32Array.of(1, 2, 3).buffer),
 * };
 * const { layer, parameters, batchFirst } = await readTfjs((path) => files[path]);
 * const session = await compile(layer, { batch: 1, steps: 1, batchFirst });
 * session.setParameters(parameters);
 * assertEquals([...session.forward([10, 100])], [213]);
 * session.dispose();
 * ```
 */
export async function readTfjs(
  read: ReadFile,
  model = "model.json",
  options: ReadTfjsOptions = {},
): Promise<KerasModel> {
  const { limits } = readOptions("readTfjs", READ, options);
  const bytes = await readBytes(read, model);
  const faults = new Faults(`read ${model}`);
  const root = parseJson(
    bytes,
    0,
    bytes.length,
    (offset, reason) => new FormatError(`Cannot read ${model} at byte ${offset}: ${reason}`, offset),
  );
  const { value } = root;
  if (!(value instanceof Map)) throw new FormatError(`Cannot read ${model}: expected an object`);
  const top = new Config(value, faults.add);
  const format = top.text("format");
  if (format !== undefined && format !== "layers-model") {
    faults.add(`it is a ${JSON.stringify(format)}, which has operators instead of layers; save a layers model`);
  }
  faults.check();
  // The converter from Keras wraps the configuration in an object.
  const topology = value.get("modelTopology");
  const inner = topology?.value;
  const config = (inner instanceof Map && inner.get("model_config")) || topology;
  if (!config) faults.add(`"modelTopology" is missing`);
  const groups = readManifest(top, faults);
  faults.check();
  const files = new Map<string, Uint8Array>();
  for (const path of new Set(groups.flatMap(({ paths }) => paths))) files.set(path, await readBytes(read, path));
  const length = [bytes, ...files.values()].reduce((sum, { length }) => sum + length, 0);
  const budget = new Budget(model, length, limits);
  return readModel(config!, "tfjs", new NamedVariables(readWeights(groups, files, budget), budget));
}

/** The content of a file. A `read` that looks up names may return nothing. */
async function readBytes(read: ReadFile, path: string): Promise<Uint8Array> {
  const bytes: unknown = await read(path);
  try {
    return requireBytes(path, bytes);
  } catch (error) {
    throw new FormatError(`Cannot read ${JSON.stringify(path)}: ${(error as Error).message}`);
  }
}
