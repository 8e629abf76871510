import type { Layer } from "../layers/layer.ts";
import type { Tensors } from "../runtime/state_dict.ts";
import { writeHdf5 } from "./files/hdf5_writer.ts";
import { writeZip } from "./files/zip.ts";
import { variablePath, variablesOf } from "./variables.ts";
import {
  type ConfiguredLayer,
  configureLayers,
  type KerasOptions,
  modelJson,
  requireKerasOptions,
} from "./write/config.ts";
import { describeNet } from "./write/describe.ts";

/** The version of Keras whose files these are. */
const KERAS_VERSION = "3.15.1";

/**
 * Writes a net as a sequential model of Keras 3, for `keras.saving.load_model("model.keras")`. Inputs and outputs of
 * the model are `[batch, T, ...]`.
 *
 * Every layer can be written except residual layers, attention, learned initial states and merge "none". The cells
 * `elman`, `lstm` and `gru` can be written without clip, projection, peepholes and coupled gates.
 *
 * The two biases of a cell become their sum, except in a GRU with reset "after", which has two biases in Keras. One-hot
 * rows become an embedding. Numbers are f32, unchanged.
 *
 * `h5wasm`, which has a megabyte, writes HDF5. It is loaded with the first call.
 *
 * @param parameters By name, as from a session's `parameters()` or from a safetensors file.
 * @param options The name, end and mask of the model, for example a `KerasModel` that was read.
 * @throws {OptionError} When Keras has no layer for a layer of the net; the message names it.
 * @throws {ShapeError} When names or shapes of the parameters differ from those of the net; the message lists all
 * differences.
 *
 * @example
 * ```ts
 * import { compile, dense, gru, recurrent, sequential } from "@unroll/rnn";
 * import { readKeras, writeKeras } from "@unroll/rnn/keras";
 * import { assertEquals } from "@std/assert";
 *
 * const net = sequential({ rnn: recurrent(gru(), { input: 4, hidden: 8, output: "last" }), decoder: dense(8, 2) });
 * const session = await compile(net, { batch: 1, steps: 3 });
 * const bytes = await writeKeras(net, session.parameters(), { head: "softmax" }); // the content of model.keras
 * const model = readKeras(bytes);
 * assertEquals(model.parameters, session.parameters());
 * assertEquals(model.head, "softmax");
 * session.dispose();
 * ```
 */
export async function writeKeras(
  net: Layer,
  parameters: Tensors,
  options: KerasOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  requireKerasOptions("writeKeras", options);
  const layers = configuredNet(net, parameters, options);
  const text = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));
  return writeZip({
    "metadata.json": text({ keras_version: KERAS_VERSION, date_saved: "1980-01-01@00:00:00" }),
    "config.json": text(modelJson(layers, inputOf(net), options, "keras3")),
    "model.weights.h5": await writeHdf5(datasets(layers)),
  });
}

/**
 * Writes the parameters of a net as a `.weights.h5` file of Keras 3, for `model.load_weights` of a model with the same
 * layers.
 *
 * @param options As in `writeKeras`; a mask and an end are layers of the model too.
 * @throws {OptionError} As `writeKeras`.
 * @throws {ShapeError} As `writeKeras`.
 */
export async function writeKerasWeights(
  net: Layer,
  parameters: Tensors,
  options: KerasOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  requireKerasOptions("writeKerasWeights", options);
  return await writeHdf5(datasets(configuredNet(net, parameters, options)));
}

/** The layers of a net in Keras 3. */
export function configuredNet(net: Layer, parameters: Tensors, options: KerasOptions): ConfiguredLayer[] {
  return configureLayers(describeNet(net, parameters), inputOf(net), options, "keras3");
}

function inputOf({ input: { kind, width } }: Layer): { tokens: boolean; width: number } {
  return { tokens: kind === "tokens", width };
}

/** All variables by their paths, such as `layers/lstm_1/cell/vars/0`. */
function datasets(layers: readonly ConfiguredLayer[]): Map<string, { shape: readonly number[]; data: Float32Array }> {
  return new Map(layers.flatMap(({ spec, path, variables }) => {
    const specs = variablesOf(spec, undefined);
    return variables.map((tensor, i) => [variablePath(path, specs[i]), tensor] as const);
  }));
}
