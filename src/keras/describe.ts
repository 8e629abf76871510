import type { CellDescription } from "../cells/description.ts";
import { OptionError } from "../errors.ts";
import type { LayerDescription, RecurrentDescription } from "../layers/description.ts";
import type { Layer } from "../layers/layer.ts";
import { requireTensors, type TensorCopy, type Tensors } from "../runtime/state_dict.ts";
import { sameActivation } from "./activations.ts";
import type { CellSpec, LayerSpec, RecurrentSpec } from "./spec.ts";
import { type BiasRows, cellParameters, cellVariableValues, transposed } from "./weights.ts";

/** One of their layers, and its variables in their order. */
export interface DescribedLayer {
  readonly spec: LayerSpec;
  readonly variables: readonly TensorCopy[];
  /** Our parameters, by their names in the net, of other values of the variables. Default: it has none. */
  parameters?(variables: readonly TensorCopy[]): Record<string, TensorCopy>;
}

/** A net as layers of theirs, while they are found. */
interface Describing {
  readonly parameters: ReadonlyMap<string, TensorCopy>;
  readonly layers: DescribedLayer[];
  readonly names: Set<string>;
}

/**
 * A net as layers of Keras and TensorFlow.js.
 *
 * @throws {OptionError} When a layer is none of theirs.
 * @throws {ShapeError} When names or shapes of the parameters are not those of the net.
 */
export function describeNet(net: Layer, tensors: Tensors): DescribedLayer[] {
  const wanted = Object.entries(net.parameters).map(([name, { shape }]) => {
    return { name, shape, size: shape.reduce((a, b) => a * b, 1) };
  });
  const { fitting } = requireTensors("parameter", wanted, tensors);
  const parameters = new Map(
    [...fitting].map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data, Number) }]),
  );
  const describing = { parameters, layers: [], names: new Set<string>() };
  describe(describing, net.description, "", "", net.input.width);
  return describing.layers;
}

/** The error of a layer that they do not have. */
export function unwritten(layer: string, reason: string): OptionError {
  return new OptionError(`Cannot write a Keras model: the layer ${JSON.stringify(layer)} ${reason}`);
}

/** A name of a layer's own. */
function ownName({ names }: Describing, wanted: string): string {
  const name = freeName(names, wanted);
  names.add(name);
  return name;
}

/** Adds a layer that reads rows of `width` elements; gives the width of its own. */
function describe(
  to: Describing,
  description: LayerDescription | undefined,
  prefix: string,
  label: string,
  width: number,
): number {
  if (!description) throw unwritten(label, 'has no "description": it is not one of the library\'s');
  const tensor = (name: string) => to.parameters.get(prefix + name)!;
  const named = (tensors: Record<string, TensorCopy>) => {
    return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
  };
  const add = (
    spec: LayerSpec,
    variables: readonly TensorCopy[] = [],
    parameters?: (variables: readonly TensorCopy[]) => Record<string, TensorCopy>,
  ) => void to.layers.push({ spec, variables, parameters: parameters && ((values) => named(parameters(values))) });
  const { kind } = description;
  if (kind === "stacked") {
    return description.layers.reduce(
      (columns, [own, name, layer]) => describe(to, layer, prefix + own, prefix + name, columns),
      width,
    );
  }
  if (kind === "recurrent") return describeStack(to, description, prefix, label, width);
  const name = ownName(to, label || kind);
  switch (kind) {
    case "embedding": {
      const weight = tensor("weight"), [vocabulary, columns] = weight.shape;
      add({ kind, name, vocabulary, width: columns, maskZero: false }, [weight], ([weight]) => ({ weight }));
      return columns;
    }
    case "oneHot": {
      const data = new Float32Array(width * width);
      for (let i = 0; i < width; i++) data[i * width + i] = 1;
      add({ kind: "embedding", name, vocabulary: width, width, maskZero: false }, [{ shape: [width, width], data }]);
      return width;
    }
    case "dense": {
      const weight = tensor("weight"), [units] = weight.shape;
      const spec = { kind, name, units, bias: true, distributed: false };
      add(spec, [transposed(weight), tensor("bias")], ([kernel, bias]) => ({ weight: transposed(kernel), bias }));
      return units;
    }
    case "dropout":
      add({ ...description, kind, name });
      return width;
    case "activation":
      add({ kind, name, activation: description.f, within: false, axis: -1 });
      return width;
    case "layerNorm":
      add(
        { kind: "norm", name, epsilon: description.epsilon, scale: true, center: true, axis: -1 },
        [tensor("weight"), tensor("bias")],
        ([weight, bias]) => ({ weight, bias }),
      );
      return width;
    case "pool":
      add({ kind, name, how: description.how });
      return width;
  }
  throw unwritten(label, `is of the kind "${kind}", which Keras does not have`);
}

/** A stack of recurrent layers as one layer each, with the dropout between them. */
function describeStack(
  to: Describing,
  description: RecurrentDescription,
  prefix: string,
  label: string,
  width: number,
): number {
  const { cell, hidden, layers = 1, merge = "concat", bidirectional: both = false, output } = description;
  const { dropout = 0, inputDropout = 0, recurrentDropout = 0 } = description;
  if (description.initialStates === "learned") throw unwritten(label, "has learned initial states");
  if (merge === "none") throw unwritten(label, "gives two sequences");
  const base = label || "rnn", sizes = typeof hidden === "number" ? new Array<number>(layers).fill(hidden) : hidden;
  sizes.forEach((units, l) => {
    const name = ownName(to, sizes.length > 1 ? `${base}_l${l}` : base), top = l + 1 === sizes.length;
    const cellSpec: CellSpec = {
      ...describeCell(cell, label),
      name: `${name}_cell`,
      units,
      dropout: inputDropout,
      recurrentDropout,
    };
    const spec: RecurrentSpec = {
      kind: "recurrent",
      name,
      cells: [cellSpec],
      form: "layer",
      direction: both ? "both" : "ahead",
      merge,
      sequences: !top || output !== "last",
      stateful: false,
    };
    const rows: BiasRows = cellSpec.bias ? cellSpec.resetAfter ? 2 : 1 : 0;
    const names = ["weight_ih", "weight_hh", ...(cellSpec.bias ? ["bias_ih", "bias_hh"] : [])];
    const suffixes = both ? [`_l${l}`, `_l${l}_reverse`] : [`_l${l}`];
    const variables = suffixes.flatMap((suffix) => {
      const parameters = names.map((name) => [name, to.parameters.get(prefix + name + suffix)!]);
      return cellVariableValues(cellSpec.kind, Object.fromEntries(parameters), rows);
    });
    to.layers.push({
      spec,
      variables,
      parameters(values) {
        const count = cellSpec.bias ? 3 : 2;
        return Object.fromEntries(suffixes.flatMap((suffix, i) => {
          const own = cellParameters(cellSpec.kind, values.slice(i * count, (i + 1) * count));
          return Object.entries(own).map(([name, tensor]) => [prefix + name + suffix, tensor]);
        }));
      },
    });
    width = both && merge === "concat" ? 2 * units : units;
    if (dropout && !top) {
      const spec = { kind: "dropout" as const, name: ownName(to, `${base}_dropout_l${l}`), rate: dropout };
      to.layers.push({ spec: { ...spec, variational: false }, variables: [] });
    }
  });
  return width;
}

function describeCell(cell: CellDescription | undefined, label: string) {
  const plain = { dropout: 0, recurrentDropout: 0 };
  switch (cell?.kind) {
    case "elman":
      refuse(label, { clip: cell.clip });
      return {
        ...plain,
        kind: "SimpleRNN" as const,
        activation: cell.activation,
        recurrentActivation: "sigmoid" as const,
        bias: cell.bias,
      };
    case "gru": {
      refuse(label, { clip: cell.clip });
      const { gates, candidate } = cell.activations, resetAfter = cell.reset === "after";
      return {
        ...plain,
        kind: "GRU" as const,
        activation: candidate,
        recurrentActivation: gates,
        bias: cell.bias,
        resetAfter,
      };
    }
    case "lstm": {
      const { clip, projection, peepholes, coupled, activations: { gates, cell: own, hidden } } = cell;
      refuse(label, { clip, projection, peepholes, coupled });
      if (!sameActivation(own, hidden)) throw unwritten(label, "has two functions where an LSTM of Keras has one");
      return { ...plain, kind: "LSTM" as const, activation: own, recurrentActivation: gates, bias: cell.bias };
    }
  }
  throw unwritten(label, `has a cell that Keras does not have${cell ? `, ${cell.kind}` : ""}`);
}

function refuse(label: string, options: Readonly<Record<string, unknown>>): void {
  const found = Object.keys(options).filter((name) => options[name]);
  if (found.length) throw unwritten(label, `has ${found.join(" and ")}, which Keras does not have`);
}

/** A name that is not taken yet. Paths are made of names, so these have no slash. */
export function freeName(taken: ReadonlySet<string>, wanted: string): string {
  const base = wanted.replaceAll("/", "_");
  let name = base;
  for (let i = 2; taken.has(name); i++) name = `${base}_${i}`;
  return name;
}
