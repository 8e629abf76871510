import { FormatError, requireBytes } from "../errors.ts";
import { type JsonNode, parseJson } from "../formats/json.ts";
import { readZip } from "../formats/zip/read_zip.ts";
import { Budget, limits as readLimits, type ReadLimits } from "../formats/limits.ts";
import { wrongFile } from "../formats/wrong_file.ts";
import { readOptions, type Table } from "../options.ts";
import type { Dialect } from "./activations.ts";
import { Hdf5File } from "./files/hdf5_reader.ts";
import { type KerasModel, readModel, withVariables } from "./model.ts";
import { namedVariables, NumberedVariables } from "./read/variable_sources.ts";
import type { VariableSource } from "./variables.ts";

const CONFIG = "config.json", METADATA = "metadata.json", WEIGHTS = "model.weights.h5";

/** Options of the functions that read files of Keras. */
export interface ReadKerasOptions {
  /** How much memory and time a file may take. Compressed files are inflated within the limits. */
  limits?: ReadLimits;
}

/** The table of these options. */
export const READ_KERAS = { limits: [readLimits] } satisfies Table<ReadKerasOptions>;

/** The first bytes of zip and HDF5 files. */
const ZIP = [0x50, 0x4b], HDF5 = [0x89, 0x48, 0x44, 0x46];

/**
 * Reads a model of Keras: a `.keras` or `.h5` file of Keras 2 or 3, compressed or not. Sequential models are
 * supported, and functional models in which each layer reads the layer before it. `readTfjs` lists the supported
 * layers.
 *
 * No code in the file is executed: Lambda layers and custom classes are refused. A small file that would take much
 * memory or time is refused too: see `limits`.
 *
 * @param file The content of the file.
 * @throws {FormatError} When the file is broken, or parts of the model are not supported or do not fit; the message
 * lists all of them.
 *
 * @example
 * ```ts ignore
 * import { compile } from "@unroll/rnn";
 * import { readKeras } from "@unroll/rnn/keras";
 *
 * const model = readKeras(await Deno.readFile("tagger.keras")), { layer, parameters, batchFirst } = model;
 * const session = await compile(layer, { batch: 2, steps: 40, batchFirst });
 * session.setParameters(parameters);
 * const x = new Int32Array(2 * 40); // [batch, T] tokens, padded with 0
 * const { x: padded, lengths } = model.postPadded(x, 2);
 * const probabilities = model.predictions(session.forward(padded, { lengths }));
 * session.dispose();
 * ```
 */
export function readKeras(file: Uint8Array | ArrayBuffer, options: ReadKerasOptions = {}): KerasModel {
  const { limits } = readOptions("readKeras", READ_KERAS, options);
  const bytes = requireBytes("bytes", file), budget = new Budget("Keras", bytes.length, limits);
  if (begins(bytes, HDF5)) return readH5(bytes, budget);
  if (!begins(bytes, ZIP)) {
    throw new FormatError(
      `Cannot read Keras: expected a zip file or HDF5, got ${wrongFile(bytes) ?? "other bytes"}`,
      0,
    );
  }
  const entries = readZip(bytes, (name) => [CONFIG, METADATA, WEIGHTS].includes(name), budget);
  const missing = [CONFIG, WEIGHTS].filter((name) => !entries.has(name));
  if (missing.length) throw new FormatError(`Cannot read Keras: the zip file has no ${missing.join(" and no ")}`);
  const metadata = entries.get(METADATA);
  // A value of JSON takes 100 bytes of memory and may be 2 bytes of text.
  budget.spend(32 * (entries.get(CONFIG)!.length + (metadata?.length ?? 0)));
  const version = metadata && member(json(METADATA, metadata), "keras_version");
  const dialect = typeof version === "string" ? dialectOf(version) : "keras3";
  const config = json(CONFIG, entries.get(CONFIG)!);
  return readModel(config, dialect, new NumberedVariables(new Hdf5File(WEIGHTS, entries.get(WEIGHTS)!, budget)));
}

/**
 * Reads a model of Keras from its configuration and a separate file of weights.
 *
 * @param config The result of `model.to_json()`.
 * @param weights The content of a file of `model.save_weights()`: `.weights.h5` of Keras 3, or `.h5` of Keras 2.
 * @throws {FormatError} As `readKeras`.
 */
export function readKerasConfig(
  config: string,
  weights: Uint8Array | ArrayBuffer,
  options: ReadKerasOptions = {},
): KerasModel {
  const node = json("the configuration", new TextEncoder().encode(config));
  const { dialect, source } = sourceOf("readKerasConfig", weights, options);
  const version = member(node, "keras_version");
  return readModel(node, typeof version === "string" ? dialectOf(version) : dialect, source);
}

/**
 * Reads other weights for a model.
 *
 * @param model The result of a read function; it stays unchanged.
 * @param weights The content of a file of `model.save_weights()`.
 * @returns The same model with the weights of the file.
 * @throws {FormatError} When the file is broken, or its weights do not fit the model; the message lists all
 * differences.
 */
export function readKerasWeights(
  model: KerasModel,
  weights: Uint8Array | ArrayBuffer,
  options: ReadKerasOptions = {},
): KerasModel {
  return withVariables(model, sourceOf("readKerasWeights", weights, options).source);
}

/** The variables of a file of weights, and the version that wrote the file. */
function sourceOf(
  of: string,
  weights: Uint8Array | ArrayBuffer,
  options: ReadKerasOptions,
): { dialect: Dialect; source: VariableSource } {
  const { limits } = readOptions(of, READ_KERAS, options);
  const bytes = requireBytes("weights", weights), budget = new Budget("the weights", bytes.length, limits);
  const file = new Hdf5File("the weights", bytes, budget);
  const numbered = new NumberedVariables(file);
  if (numbered.count) return { dialect: "keras3", source: numbered };
  return { dialect: "keras2", source: namedVariables(file, "", budget) };
}

function readH5(bytes: Uint8Array, budget: Budget): KerasModel {
  const file = new Hdf5File("the HDF5 file", bytes, budget);
  const config = file.attribute("", "model_config");
  if (typeof config !== "string") {
    throw new FormatError(
      'Cannot read Keras: the HDF5 file has no "model_config"; for a file of weights use readKerasConfig',
    );
  }
  const version = file.attribute("", "keras_version");
  const node = json(`"model_config" of the HDF5 file`, new TextEncoder().encode(config));
  return readModel(node, dialectOf(String(version ?? "2")), namedVariables(file, "model_weights", budget));
}

function dialectOf(version: string): Dialect {
  return version.startsWith("3") ? "keras3" : "keras2";
}

/** Parses JSON. Errors call it `what`. */
function json(what: string, bytes: Uint8Array): JsonNode {
  return parseJson(
    bytes,
    0,
    bytes.length,
    (offset, reason) => new FormatError(`Cannot read ${what} at byte ${offset}: ${reason}`, offset),
  );
}

/** A member of a JSON object. */
function member({ value }: JsonNode, key: string): unknown {
  return value instanceof Map ? value.get(key)?.value : undefined;
}

function begins(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}
