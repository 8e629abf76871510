import { requireInteger, ShapeError } from "../errors.ts";
import { anything, type Check, readOptions, refuse, REQUIRED, requireMade, type Table, texts } from "../options.ts";
import type { TensorSpec } from "../ops/value.ts";
import type { Join } from "./joins.ts";
import { type Layer, layer as checkLayer } from "./layer.ts";
import { describe, fits } from "./sequential.ts";
import { type Node, outputOf, wired } from "./wiring.ts";

/** A layer of a graph, and the names of the inputs and layers that the layer reads. */
export type GraphNode = readonly [layer: Layer | Join, ...reads: string[]];

/** Options of `graph`. */
export interface GraphOptions {
  /** The inputs of the net by name: `tokens(5000)`, `values(3)`, `values(1, { steps: "one" })`. */
  inputs: Readonly<Record<string, TensorSpec>>;
  /** The layers by name, in the order of forward. A layer reads inputs and layers that stand before it. */
  layers: Readonly<Record<string, GraphNode>>;
  /** Names of the layers whose outputs are those of the net. */
  outputs: string | readonly string[];
  /**
   * Pairs of parameters that are one tensor, as in `sequential`. A layer that stands under two names is tied anyway.
   *
   * @default none
   */
  tied?: Readonly<Record<string, string>>;
}

const inputs: Check<GraphOptions["inputs"]> = (name, value) => {
  for (const [input, spec] of Object.entries(object(name, value))) {
    requireMade(`${name}.${input}`, spec, "kind", "an input, such as values(3)");
  }
  return value as GraphOptions["inputs"];
};

const layers: Check<GraphOptions["layers"]> = (name, value) => {
  for (const [layer, node] of Object.entries(object(name, value))) {
    const isNode = Array.isArray(node) && node.length > 1 && node.slice(1).every((read) => typeof read === "string");
    if (!isNode) refuse(`${name}.${layer}`, `[layer, ...names of what the layer reads]`, node);
  }
  return value as GraphOptions["layers"];
};

const outputs: Check<GraphOptions["outputs"]> = (name, value) => typeof value === "string" ? value : texts(name, value);

function object(name: string, value: unknown): object {
  return typeof value === "object" && value !== null ? value : refuse(name, "an object", value);
}

const GRAPH = {
  inputs: [inputs, REQUIRED],
  layers: [layers, REQUIRED],
  outputs: [outputs, REQUIRED],
  tied: [anything],
} satisfies Table<GraphOptions>;

/**
 * A net that branches and joins: a layer like any other. Layers stand in the order of forward, and each names what it
 * reads. The keys are the prefixes of the state dict, as in `sequential`, which is the graph where each layer reads the
 * one before it. Inputs of sequences have the same steps and lengths; an input with `steps: "one"` has one row for a
 * sequence.
 *
 * A net with one input takes a plain array, a net with several takes each by its name: `forward({ text, age })`. A net
 * with one output gives a plain array, a net with several gives each by its name. See `lossByOutput`.
 *
 * The same layer object under several names is one layer: its parameters are those under the first name, tied under the
 * others. The gradient of a tensor that is read several times is a sum: first the gradient of the loss, where the
 * tensor is an output, then those of its readers from the last to the first.
 *
 * @throws {ShapeError} When a layer reads what does not stand before it, or what does not fit; when nothing reads a
 * layer or an input.
 *
 * @example
 * ```ts
 * import { compile, dense, embedding, gru, recurrent } from "@unroll/rnn";
 * import { concat, graph, tokens, values } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const net = graph({
 *   inputs: { text: tokens(50), age: values(1, { steps: "one" }) },
 *   layers: {
 *     embed: [embedding(50, 8), "text"],
 *     rnn: [recurrent(gru(), { input: 8, hidden: 16, output: "last" }), "embed"],
 *     joined: [concat(), "rnn", "age"],
 *     tags: [dense(17, 3), "joined"],
 *     score: [dense(17, 1), "joined"],
 *   },
 *   outputs: ["tags", "score"],
 * });
 * const session = await compile(net, { batch: 2, steps: 4 });
 * const text = [3, 1, 4, 1, 5, 9, 2, 6], age = [0.3, 0.7]; // [T = 4, B = 2], [B = 2, 1]
 * const { tags, score } = session.forward<Record<string, Float32Array>>({ text, age });
 * assertEquals([tags.length, score.length], [2 * 3, 2 * 1]);
 * session.dispose();
 * ```
 */
export function graph(options: GraphOptions): Layer {
  const { inputs, layers, outputs: given, tied } = readOptions("graph", GRAPH, options);
  const outputs = typeof given === "string" ? [given] : [...given], inputNames = Object.keys(inputs);
  const names: string[] = [...inputNames], specs: TensorSpec[] = inputNames.map((name) => inputs[name]);
  const nodes: Node[] = [],
    unread = new Set(names),
    firsts = new Map<Layer, string>(),
    shared: Record<string, string> = {};
  if (!names.length || !outputs.length) {
    throw refused(`"inputs" and "outputs" must name at least one each, got ${names.length} and ${outputs.length}`);
  }
  /** The numbers of names that stand before a layer. */
  function find(who: string, reads: readonly string[]): number[] {
    return reads.map((read) => {
      const i = names.indexOf(read);
      if (i < 0) throw refused(`${who} must name inputs or layers before it (${names.join(", ")}), got "${read}"`);
      unread.delete(read);
      return i;
    });
  }
  for (const [name, [join, ...reads]] of Object.entries(layers)) {
    if (names.includes(name)) throw refused(`a layer must not have the name of an input, got "${name}"`);
    const numbers = find(`what "${name}" reads`, reads), read = numbers.map((i) => specs[i]);
    const layer = checkLayer(name, typeof join === "function" ? join(read) : join);
    const wanted = Object.values(layer.input.named ?? { input: layer.input });
    if (wanted.length !== read.length) {
      throw refused(`"${name}" must read ${wanted.length} tensors, got ${read.length}`);
    }
    wanted.forEach((input, i) => {
      if (fits(read[i], input)) return;
      throw new ShapeError(
        `Cannot join layers: "${name}" takes ${describe(input)}, "${reads[i]}" gives ${describe(read[i])}`,
      );
    });
    if (layer === join && layer.input.named && read.some(({ steps }) => typeof steps === "object")) {
      throw refused(`"${name}" has several inputs, which must have the steps of the net`);
    }
    if (layer.output.named) {
      throw refused(`"${name}" must have one output, got ${Object.keys(layer.output.named).length}`);
    }
    const first = firsts.get(layer);
    for (const parameter of first === undefined ? [] : Object.keys(layer.parameters)) {
      shared[`${name}.${parameter}`] = `${first}.${parameter}`;
    }
    if (first === undefined) firsts.set(layer, name);
    nodes.push({ layer, label: name, prefix: `${name}.`, reads: numbers });
    specs.push(outputOf(layer, read));
    names.push(name);
    unread.add(name);
  }
  const numbers = find('"outputs"', outputs);
  if (unread.size) throw refused(`every input and layer must be read, nothing reads "${[...unread].join('", "')}"`);
  if (new Set(outputs).size < outputs.length) throw refused(`"outputs" must name each once, got ${outputs.join(", ")}`);
  const wrong = outputs.find((_, i) => specs[numbers[i]].kind !== "values");
  if (wrong !== undefined) {
    throw refused(`an output must be values, "${wrong}" is ${describe(specs[names.indexOf(wrong)])}`);
  }
  const [first] = specs,
    net = wired({
      input: inputNames.length === 1 ? first : { ...first, named: { ...inputs } },
      nodes,
      outputs: Object.fromEntries(outputs.map((name, i) => [name, numbers[i]])),
      tied: { ...shared, ...tied },
    });
  const reading = nodes.map(({ label, layer, reads }) =>
    `${label}: ${layer.name ?? "layer"} of ${reads.map((i) => names[i]).join(", ")}`
  );
  const described = inputNames.map((name) => `${name}: ${describe(inputs[name])}`);
  const ties = net.tied ?? {};
  return {
    ...net,
    name: [...described, ...reading, `outputs ${outputs.join(", ")}`].join("; "),
    // Parameters that are tied inside of a layer under its second name are those of its first name.
    tied: Object.fromEntries(Object.entries(ties).map(([alias, name]) => [alias, ties[name] ?? name])),
  };
}

function refused(reason: string): ShapeError {
  return new ShapeError(`Cannot make a graph: ${reason}`);
}

/** Options of an input. */
export interface InputOptions {
  /**
   * `"each"`: a row for each step. `"one"`: one row for a whole sequence.
   *
   * @default {"each"}
   */
  steps?: "each" | "one";
}

const INPUT = { steps: [["each", "one"], "each"] } satisfies Table<InputOptions>;

/** An input of tokens below `vocabulary`: `[T, B]`, or `[B]` with `steps: "one"`. */
export function tokens(vocabulary: number, options: InputOptions = {}): TensorSpec {
  return {
    kind: "tokens",
    width: requireInteger("vocabulary", vocabulary, 1),
    ...readOptions("tokens", INPUT, options),
  };
}

/** An input of values: `[T, B, width]`, or `[B, width]` with `steps: "one"`. */
export function values(width: number, options: InputOptions = {}): TensorSpec {
  return { kind: "values", width: requireInteger("width", width, 1), ...readOptions("values", INPUT, options) };
}
