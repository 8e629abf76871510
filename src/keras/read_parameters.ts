import { requireBytes } from "../errors.ts";
import { Budget, limits as readLimits } from "../formats/limits.ts";
import type { Layer } from "../layers/layer.ts";
import type { TensorCopy } from "../runtime/state_dict.ts";
import { Hdf5File } from "./files/hdf5_reader.ts";
import { Faults } from "./read/config.ts";
import { NumberedVariables } from "./read/variable_sources.ts";
import { READ_KERAS, type ReadKerasOptions } from "./read_keras.ts";
import { variablesOf } from "./variables.ts";
import { type KerasOptions, requireKerasOptions } from "./write/config.ts";
import { configuredNet } from "./write_keras.ts";

/**
 * Reads the parameters of a net from a `.weights.h5` file, for `session.setParameters`. The file is what
 * `model.save_weights()` of Keras 3 writes for a model with the layers of the net, or what `writeKerasWeights` writes.
 *
 * @param weights The content of the file.
 * @param options As in `writeKeras`, and `limits` as in `readKeras`.
 * @throws {FormatError} When the file is broken, or its weights do not fit the net; the message lists all differences.
 * @throws {OptionError} When Keras has no layer for a layer of the net; the message names it.
 *
 * @example
 * ```ts
 * import { compile, dense, gru, recurrent, sequential } from "@unroll/rnn";
 * import { readKerasParameters, writeKerasWeights } from "@unroll/rnn/keras";
 * import { assertEquals } from "@std/assert";
 *
 * // keras.Sequential([keras.Input((None, 4)), layers.GRU(8), layers.Dense(2)])
 * const net = sequential({ rnn: recurrent(gru(), { input: 4, hidden: 8, output: "last" }), decoder: dense(8, 2) });
 * const session = await compile(net, { batch: 1, steps: 3 });
 * // Or a file of model.save_weights("model.weights.h5").
 * const weights = await writeKerasWeights(net, session.parameters());
 * assertEquals(readKerasParameters(net, weights), session.parameters());
 * session.dispose();
 * ```
 */
export function readKerasParameters(
  net: Layer,
  weights: Uint8Array | ArrayBuffer,
  options: KerasOptions & ReadKerasOptions = {},
): Map<string, TensorCopy> {
  requireKerasOptions("readKerasParameters", options, READ_KERAS);
  const limits = options.limits && readLimits("limits", options.limits);
  const bytes = requireBytes("weights", weights), budget = new Budget("the weights", bytes.length, limits);
  const source = new NumberedVariables(new Hdf5File("the weights", bytes, budget));
  const faults = new Faults("read the parameters");
  const zeros = Object.entries(net.parameters).map(([name, { shape }]) => {
    return [name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }] as const;
  });
  const found = new Map<string, TensorCopy>();
  for (const { spec, path, variables, parameters } of configuredNet(net, new Map(zeros), options)) {
    const fault = (reason: string) => faults.add(`layer ${JSON.stringify(spec.name)}: ${reason}`);
    const wanted = variablesOf(spec, undefined).map((variable, i) => ({ ...variable, shapes: [variables[i].shape] }));
    const values = source.read({ path }, wanted, fault);
    if (!values.every((value) => value !== undefined)) continue;
    if (!parameters && values.some(({ data }, i) => data.some((value, j) => value !== variables[i].data[j]))) {
      fault("it must hold one-hot rows, got other vectors");
    }
    for (const [name, tensor] of Object.entries(parameters?.(values) ?? {})) found.set(name, tensor);
  }
  const unread = source.unread();
  if (unread.length && !faults.count) faults.add(`no layer has the variables ${unread.slice(0, 20).join(", ")}`);
  faults.check();
  return found;
}
