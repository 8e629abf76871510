import { crossEntropy, dense, embedding, gru, type Layer, recurrent, squaredError } from "../../../mod.ts";
import {
  activation,
  add,
  attention,
  average,
  averagePool1d,
  batchNorm,
  concat,
  conv1d,
  flatten,
  graph,
  type GraphNode,
  type Join,
  maxPool1d,
  multiply,
  repeat,
} from "../../../layers.ts";
import { lossByOutput } from "../../../losses.ts";
import type { Case, CaseTensors } from "./read_cases.ts";
import { type Kind, type Result, sessionOn, setParameters } from "./kind.ts";

/** The layers by the names of the cases. */
// deno-lint-ignore no-explicit-any -- every layer has options of its own
const LAYERS: Readonly<Record<string, (options: any) => Layer | Join>> = {
  conv1d: ({ input, output, kernel, ...options }) => conv1d(input, output, kernel, options),
  gru: (options) => recurrent(gru(), options),
  batchNorm: ({ width }) => batchNorm(width),
  dense: ({ input, output }) => dense(input, output),
  embedding: ({ vocabulary, width }) => embedding(vocabulary, width),
  tanh: ({ width }) => activation("tanh", width),
  maxPool1d: ({ width, kernel, strides }) => maxPool1d(width, kernel, { strides }),
  averagePool1d: ({ width, kernel, strides }) => averagePool1d(width, kernel, { strides }),
  flatten: ({ width, steps }) => flatten(width, steps),
  add,
  average,
  multiply,
  concat,
  repeat,
  attention,
};
const LOSSES = { crossEntropy, squaredError };

/** Nets that branch: outputs, loss and all gradients. */
export const graphs: Kind = {
  missing: ({ config }) => {
    const unknown = config.layers.find(([, [kind]]: [string, [string]]) => kind !== "same" && !(kind in LAYERS));
    return unknown && `layer ${unknown[1][0]}`;
  },

  async run({ config, tolerance, tensors: read }, arithmetic) {
    const tensors = read(), { batch, steps, losses } = config;
    const loss = !losses ? undefined : lossByOutput(
      Object.fromEntries(
        Object.entries<[keyof typeof LOSSES, number]>(losses).map(([name, [loss, weight]]) => {
          return [name, [LOSSES[loss](), weight] as const];
        }),
      ),
    );
    using session = await sessionOn(arithmetic, net(config), { batch, steps, train: true, loss });
    setParameters(session, tensors);
    const results: Result[] = [];
    const compare = (name: string, got: ArrayLike<number>) =>
      results.push({ name, arithmetic, got, want: tensors.floats(name), tolerance });
    const inputs = Object.keys(config.inputs), outputs: string[] = config.outputs;
    /** Data by name; a plain array of one. */
    const named = (prefix: string, names: readonly string[]) => {
      const all = Object.fromEntries(names.map((name) => [name, numbers(tensors, `${prefix}.${name}`)]));
      return names.length === 1 ? all[names[0]] : all;
    };
    const one = <Value>(name: string, names: readonly string[], given: Record<string, Value> | Value) =>
      (names.length === 1 ? given : (given as Record<string, Value>)[name]) as Float32Array;
    const x = named("x", inputs), call = { lengths: tensors.has("lengths") ? tensors.ints("lengths") : undefined };
    const y = session.forward<Record<string, Float32Array>>(x, call);
    for (const name of outputs) compare(`output.${name}`, one(name, outputs, y));
    if (losses) compare("loss", [session.accumulate({ x, y: named("y", outputs) }, call).loss]);
    else {
      const { dx } = session.backward<Record<string, Float32Array>>(named("dY", outputs));
      for (const name of inputs) if (tensors.has(`grad.x.${name}`)) compare(`grad.x.${name}`, one(name, inputs, dx));
    }
    for (const [name, { data }] of session.gradients()) {
      if (tensors.has(`grad.${name}`)) compare(`grad.${name}`, data);
    }
    return results;
  },
};

function net({ inputs, layers, outputs }: Case["config"]): Layer {
  const made: Record<string, GraphNode> = {};
  for (const [name, [kind, options], reads] of layers) {
    made[name] = [kind === "same" ? made[options][0] : LAYERS[kind](options), ...reads];
  }
  return graph({ inputs, layers: made, outputs });
}

function numbers(tensors: CaseTensors, name: string): ArrayLike<number> {
  return tensors.tensor(name).dtype === "F32" ? tensors.floats(name) : tensors.ints(name);
}
