import { describeNet } from "./write/describe.ts";
import { variablesOf } from "./variables.ts";
import { type ConfiguredLayer, configureLayers, type KerasOptions, modelJson } from "./write/config.ts";
import type { Layer } from "../layers/layer.ts";
import type { Tensors } from "../runtime/state_dict.ts";
import { writeHdf5 } from "./files/hdf5_writer.ts";
import { writeZip } from "./files/zip.ts";

/** The version of Keras whose form this is. */
const KERAS = "3.15.1";

/**
 * Write a net as a sequential model of Keras 3, for its `keras.saving.load_model("model.keras")`. Its inputs and outputs are `[batch,
 * T, ...]`.
 *
 * All layers can be written but residual ones, attention, learned initial states and merge "none", with the cells `elman`, `lstm` and
 * `gru`, without clip, projection, peepholes and coupled gates. The two biases of a cell become their sum, except in a GRU whose
 * reset gate acts after the product, which has two there; one-hot rows become an embedding. Numbers in f32, as they are.
 *
 * HDF5 is written by `h5wasm`, a megabyte, which is loaded with the first call.
 *
 * @param parameters By name, as a session's `parameters()` or a safetensors file has them.
 * @param options A `KerasModel` that was read, for the same name, end and mask; or some of what it has.
 * @throws {OptionError} When Keras has no such layer; it is named.
 * @throws {ShapeError} When names or shapes of the parameters differ from those of the net; all differences are listed.
 *
 * @example
 * ```ts
 * import { compile, dense, gru, recurrent, sequential } from "@unroll/rnn";
 * import { readKeras, writeKeras } from "@unroll/rnn/keras";
 * import { assertEquals } from "@std/assert";
 *
 * const net = sequential({ rnn: recurrent(gru(), { input: 4, hidden: 8, output: "last" }), decoder: dense(8, 2) });
 * using session = await compile(net, { batch: 1, steps: 3 });
 * const bytes = await writeKeras(net, session.parameters(), { head: "softmax" }); // the file model.keras
 * const model = readKeras(bytes);
 * assertEquals(model.parameters, session.parameters());
 * assertEquals(model.head, "softmax");
 * ```
 */
export async function writeKeras(
  net: Layer,
  parameters: Tensors,
  options: KerasOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const layers = configuredNet(net, parameters, options), input = inputOf(net);
  const text = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));
  return writeZip({
    "metadata.json": text({ keras_version: KERAS, date_saved: "1980-01-01@00:00:00" }),
    "config.json": text(modelJson(layers, input, options, "keras3")),
    "model.weights.h5": await writeHdf5(datasets(layers)),
  });
}

/**
 * Write a net's parameters alone, as a `.weights.h5` file of Keras 3, for `model.load_weights` of a model with these layers there.
 *
 * @param options As in `writeKeras`: a mask or an end may be layers that the model has too.
 * @throws {OptionError} As `writeKeras`.
 * @throws {ShapeError} As `writeKeras`.
 */
export async function writeKerasWeights(
  net: Layer,
  parameters: Tensors,
  options: KerasOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return await writeHdf5(datasets(configuredNet(net, parameters, options)));
}

/** A net's layers as Keras 3 has them. */
export function configuredNet(net: Layer, parameters: Tensors, options: KerasOptions): ConfiguredLayer[] {
  return configureLayers(describeNet(net, parameters), inputOf(net), options, "keras3");
}

function inputOf({ input: { kind, width } }: Layer): { tokens: boolean; width: number } {
  return { tokens: kind === "tokens", width };
}

/** Each variable at its place, `layers/lstm_1/cell/vars/0`. */
function datasets(layers: readonly ConfiguredLayer[]): Map<string, { shape: readonly number[]; data: Float32Array }> {
  return new Map(layers.flatMap(({ spec, path, variables }) => {
    const places = variablesOf(spec, undefined);
    return variables.map((tensor, i) => {
      const { part, index } = places[i];
      return [[path, ...(part ? [part] : []), "vars", index].join("/"), tensor] as const;
    });
  }));
}
