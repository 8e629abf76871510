import { FormatError } from "../errors.ts";
import { parseJson } from "../formats/json.ts";
import { Budget, limits as readLimits, type ReadLimits } from "../formats/limits.ts";
import { wrongFile } from "../formats/wrong_file.ts";
import { readOptions, type Table } from "../options.ts";
import { readManifest, readWeights } from "./files/tfjs_manifest.ts";
import { filesOf, type TfjsSource } from "./files/tfjs_source.ts";
import { type KerasModel, readModel } from "./model.ts";
import { Config, Faults } from "./read/config.ts";
import { NamedVariables } from "./read/variable_sources.ts";

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
 * and GlobalMaxPooling1D. GaussianNoise, GaussianDropout, AlphaDropout, ActivityRegularization and Identity are passed
 * over, and ZeroPadding1D, Cropping1D, UpSampling1D and pooling where they do nothing. No code in the file is executed.
 *
 * @param source A function that reads `model.json`, then each file that it names; all of them are in the folder of
 *   `model.json` or below. It may be `(path) => fetch(folder + path)`. Or the files themselves, by path as `writeTfjs`
 *   returns them, or as a browser downloads them, the user picks them in an `input`, or a form has them. Or the model
 *   in memory, `{ modelTopology, weightSpecs, weightData }`, as `tf.io.withSaveHandler` gets it.
 * @param model The path of `model.json`. Among picked files it is the only one that ends in `.json`.
 * @throws {FormatError} When a file is broken, or parts of the model are not supported or do not fit; the message lists
 * all of them. Errors of a function are passed on.
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
  source: TfjsSource,
  model = "model.json",
  options: ReadTfjsOptions = {},
): Promise<KerasModel> {
  const { limits } = readOptions("readTfjs", READ, options);
  const opened = filesOf(source, model), { model: name } = opened;
  const bytes = await opened.read(name);
  const faults = new Faults(`read ${name}`), other = wrongFile(bytes);
  if (other) throw new FormatError(`Cannot read ${name}: expected JSON, got ${other}`, 0);
  const root = parseJson(
    bytes,
    0,
    bytes.length,
    (offset, reason) => new FormatError(`Cannot read ${name} at byte ${offset}: ${reason}`, offset),
  );
  const { value } = root;
  if (!(value instanceof Map)) throw new FormatError(`Cannot read ${name}: expected an object`);
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
  for (const path of new Set(groups.flatMap(({ paths }) => paths))) files.set(path, await opened.read(path));
  const length = [bytes, ...files.values()].reduce((sum, { length }) => sum + length, 0);
  const budget = new Budget(name, length, limits);
  return readModel(config!, "tfjs", new NamedVariables(readWeights(groups, files, budget), budget));
}
