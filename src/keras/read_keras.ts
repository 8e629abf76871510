import { FormatError } from "../errors.ts";
import { type JsonNode, parseJson } from "../formats/json.ts";
import type { Dialect } from "./activations.ts";
import { type KerasModel, readModel, withVariables } from "./model.ts";
import type { VariableSource } from "./variables.ts";
import { Hdf5File } from "./files/hdf5_reader.ts";
import { namedVariables, NumberedVariables } from "./read/variable_sources.ts";
import { readZip } from "./files/zip.ts";

const CONFIG = "config.json", METADATA = "metadata.json", WEIGHTS = "model.weights.h5";

/** How zip and HDF5 files begin. */
const ZIP = [0x50, 0x4b], HDF5 = [0x89, 0x48, 0x44, 0x46];

/**
 * A whole model that Keras has saved: a `.keras` file of Keras 3, or an `.h5` file of Keras 2 or 3. Sequential models, and functional
 * ones in which each layer reads the one before it, of the layers that `readTfjs` lists. Nothing in the file is executed: Lambda layers
 * and classes of one's own are refused. HDF5 is read by `jsfive`; a file made to be slow can keep it busy, so open those of strangers in
 * a worker that can be stopped.
 *
 * @param bytes The whole file.
 * @throws {FormatError} When the file is broken, or something in the model is not supported or does not fit, with all of it.
 *
 * @example
 * ```ts ignore
 * import { compile } from "@unroll/rnn";
 * import { readKeras } from "@unroll/rnn/keras";
 *
 * const model = readKeras(await Deno.readFile("tagger.keras")), { layer, parameters, batchFirst } = model;
 * using session = await compile(layer, { batch: 2, steps: 40, batchFirst });
 * session.setParameters(parameters);
 * const x = new Int32Array(2 * 40); // [batch, T] tokens, padded with 0
 * const { x: own, lengths } = model.packed(x, 2);
 * const probabilities = model.predictions(session.forward(own, { lengths }));
 * ```
 */
export function readKeras(bytes: Uint8Array): KerasModel {
  if (begins(bytes, HDF5)) return readH5(bytes);
  if (!begins(bytes, ZIP)) throw new FormatError("Cannot read Keras: expected a zip file or HDF5, got other bytes", 0);
  const entries = readZip(bytes, [CONFIG, METADATA, WEIGHTS]);
  const missing = [CONFIG, WEIGHTS].filter((name) => !entries.has(name));
  if (missing.length) throw new FormatError(`Cannot read Keras: the zip file has no ${missing.join(" and no ")}`);
  const metadata = entries.get(METADATA);
  const version = metadata && member(json(METADATA, metadata), "keras_version");
  if (typeof version === "string" && !version.startsWith("3.")) {
    throw new FormatError(
      `Cannot read Keras: a .keras file of Keras 3 is expected, got one of ${version}; save it as .h5`,
    );
  }
  const config = json(CONFIG, entries.get(CONFIG)!);
  return readModel(config, "keras3", new NumberedVariables(new Hdf5File(WEIGHTS, entries.get(WEIGHTS)!)));
}

/**
 * A model of what `model.to_json()` gives, and a file of `model.save_weights()`: `.weights.h5` of Keras 3, `.h5` of Keras 2.
 *
 * @param weights The whole file.
 * @throws {FormatError} As `readKeras`.
 */
export function readKerasConfig(config: string, weights: Uint8Array): KerasModel {
  const node = json("the configuration", new TextEncoder().encode(config)), file = new Hdf5File("the weights", weights);
  const { dialect, source } = sourceOf(file), version = member(node, "keras_version");
  return readModel(node, typeof version === "string" ? dialectOf(version) : dialect, source);
}

/**
 * The same model with the weights of another file of `model.save_weights()`.
 *
 * @param weights The whole file.
 * @throws {FormatError} When the file is broken, or its weights are not those of this model; all differences are listed.
 */
export function readKerasWeights(model: KerasModel, weights: Uint8Array): KerasModel {
  return withVariables(model, sourceOf(new Hdf5File("the weights", weights)).source);
}

function sourceOf(file: Hdf5File): { dialect: Dialect; source: VariableSource } {
  const numbered = new NumberedVariables(file);
  if (numbered.count) return { dialect: "keras3", source: numbered };
  return { dialect: "keras2", source: namedVariables(file, "") };
}

function readH5(bytes: Uint8Array): KerasModel {
  const file = new Hdf5File("the HDF5 file", bytes), config = file.attribute("", "model_config");
  if (typeof config !== "string") {
    throw new FormatError(
      `Cannot read Keras: the HDF5 file has no "model_config"; see readKerasConfig for weights alone`,
    );
  }
  const version = file.attribute("", "keras_version");
  const node = json(`"model_config" of the HDF5 file`, new TextEncoder().encode(config.replace(/\0+$/, "")));
  return readModel(node, dialectOf(String(version ?? "2")), namedVariables(file, "model_weights"));
}

function dialectOf(version: string): Dialect {
  return version.startsWith("3") ? "keras3" : "keras2";
}

function json(what: string, bytes: Uint8Array): JsonNode {
  return parseJson(
    bytes,
    0,
    bytes.length,
    (offset, reason) => new FormatError(`Cannot read ${what} at byte ${offset}: ${reason}`, offset),
  );
}

function member({ value }: JsonNode, key: string): unknown {
  return value instanceof Map ? value.get(key)?.value : undefined;
}

function begins(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}
