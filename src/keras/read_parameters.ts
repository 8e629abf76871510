import { Faults } from "./read/config.ts";
import { variablesOf } from "./variables.ts";
import type { KerasOptions } from "./write/config.ts";
import type { Layer } from "../layers/layer.ts";
import type { TensorCopy } from "../runtime/state_dict.ts";
import { Hdf5File } from "./files/hdf5_reader.ts";
import { NumberedVariables } from "./read/variable_sources.ts";
import { configuredNet } from "./write_keras.ts";

/**
 * The parameters of a net of ours, for `session.setParameters`, from a `.weights.h5` file that a model of Keras 3 with these layers
 * has saved by `model.save_weights()`: what `writeKerasWeights` would write, with other numbers.
 *
 * @param weights The whole file.
 * @param options As in `writeKeras`.
 * @throws {FormatError} When the file is broken, or its weights are not those of this net; all differences are listed.
 * @throws {OptionError} When Keras has no such layer as the net has; it is named.
 *
 * @example
 * ```ts
 * import { compile, dense, gru, recurrent, sequential } from "@unroll/rnn";
 * import { readKerasParameters, writeKerasWeights } from "@unroll/rnn/keras";
 * import { assertEquals } from "@std/assert";
 *
 * // keras.Sequential([keras.Input((None, 4)), layers.GRU(8), layers.Dense(2)])
 * const net = sequential({ rnn: recurrent(gru(), { input: 4, hidden: 8, output: "last" }), decoder: dense(8, 2) });
 * using session = await compile(net, { batch: 1, steps: 3 });
 * const weights = await writeKerasWeights(net, session.parameters()); // or what model.save_weights("model.weights.h5") has written
 * assertEquals(readKerasParameters(net, weights), session.parameters());
 * ```
 */
export function readKerasParameters(
  net: Layer,
  weights: Uint8Array,
  options: KerasOptions = {},
): Map<string, TensorCopy> {
  const source = new NumberedVariables(new Hdf5File("the weights", weights)),
    faults = new Faults("read the parameters");
  const zeros = Object.entries(net.parameters).map(([name, { shape }]) => {
    return [name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) }] as const;
  });
  const found = new Map<string, TensorCopy>();
  for (const { spec, path, variables, parameters } of configuredNet(net, new Map(zeros), options)) {
    const wanted = variablesOf(spec, undefined).map((variable, i) => ({ ...variable, shapes: [variables[i].shape] }));
    const values = source.read(
      { path },
      wanted,
      (reason) => faults.add(`layer ${JSON.stringify(spec.name)}: ${reason}`),
    );
    if (!values.every((value) => value !== undefined)) continue;
    if (!parameters && values.some(({ data }, i) => data.some((value, j) => value !== variables[i].data[j]))) {
      faults.add(`layer ${JSON.stringify(spec.name)}: it must be one-hot rows, got other vectors`);
    }
    for (const [name, tensor] of Object.entries(parameters?.(values) ?? {})) found.set(name, tensor);
  }
  const unread = source.unread();
  if (unread.length && !faults.count) faults.add(`no layer has the variables ${unread.slice(0, 20).join(", ")}`);
  faults.check();
  return found;
}
