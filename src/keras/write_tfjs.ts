import type { Layer } from "../layers/layer.ts";
import type { Tensors } from "../runtime/state_dict.ts";
import { variableNames } from "./variables.ts";
import { configureLayers, type KerasOptions, modelJson, requireKerasOptions } from "./write/config.ts";
import { describeNet } from "./write/describe.ts";

/**
 * Writes a net as a sequential layers model of TensorFlow.js, for `tf.loadLayersModel`. Inputs and outputs of the model
 * are `[batch, T, ...]`.
 *
 * Every layer can be written except residual layers, attention, learned initial states and merge "none". The cells
 * `elman`, `lstm` and `gru({ reset: "before" })`, the only GRU that TensorFlow.js has, can be written without clip,
 * projection, peepholes and coupled gates.
 *
 * The two biases of a cell become their sum. One-hot rows become an embedding. Numbers are f32, unchanged.
 *
 * @param parameters By name, as from a session's `parameters()` or from a safetensors file.
 * @param options The name, end and mask of the model, for example a `KerasModel` that was read.
 * @returns The files `model.json` and `weights.bin` by name.
 * @throws {OptionError} When TensorFlow.js has no layer for a layer of the net; the message names it.
 * @throws {ShapeError} When names or shapes of the parameters differ from those of the net; the message lists all
 * differences.
 *
 * @example
 * ```ts
 * import { compile, dense, embedding, lstm, recurrent, sequential } from "@unroll/rnn";
 * import { readTfjs, writeTfjs } from "@unroll/rnn/tfjs";
 * import { assertEquals } from "@std/assert";
 *
 * const net = sequential({
 *   embedding: embedding(10, 4),
 *   rnn: recurrent(lstm(), { input: 4, hidden: 8, output: "last" }),
 *   decoder: dense(8, 2),
 * });
 * const session = await compile(net, { batch: 1, steps: 3 });
 * const files = writeTfjs(net, session.parameters(), { head: "softmax", padding: 0 });
 * const model = await readTfjs((name) => files.get(name)!);
 * assertEquals(model.head, "softmax");
 * assertEquals([...model.parameters.keys()], Object.keys(net.parameters));
 * session.dispose();
 * ```
 */
export function writeTfjs(
  net: Layer,
  parameters: Tensors,
  options: KerasOptions = {},
): Map<string, Uint8Array<ArrayBuffer>> {
  requireKerasOptions("writeTfjs", options);
  const input = { tokens: net.input.kind === "tokens", width: net.input.width };
  const layers = configureLayers(describeNet(net, parameters), input, options, "tfjs");
  const weights = layers.flatMap(({ spec, variables }) => {
    const names = variableNames(spec);
    return variables.map((tensor, i) => ({ name: `${spec.name}/${names[i]}`, ...tensor }));
  });
  const bytes = new Uint8Array(4 * weights.reduce((sum, { data }) => sum + data.length, 0));
  weights.reduce((at, { data }) => {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    return at + data.byteLength;
  }, 0);
  const manifest = weights.map(({ name, shape }) => ({ name, shape, dtype: "float32" }));
  const json = {
    format: "layers-model",
    generatedBy: "unroll",
    convertedBy: null,
    modelTopology: { ...modelJson(layers, input, options, "tfjs"), keras_version: "2.12.0", backend: "unroll" },
    weightsManifest: [{ paths: ["weights.bin"], weights: manifest }],
  };
  return new Map([["model.json", new TextEncoder().encode(JSON.stringify(json))], ["weights.bin", bytes]]);
}
