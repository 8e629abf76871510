import type { CellDescription } from "../../cells/description.ts";
import { OptionError } from "../../errors.ts";
import type { LayerDescription, RecurrentDescription } from "../../layers/description.ts";
import type { Layer } from "../../layers/layer.ts";
import { requireParameters, type TensorCopy, type Tensors } from "../../runtime/state_dict.ts";
import { sameActivation } from "../activations.ts";
import type { CellSpec, LayerSpec } from "../spec.ts";
import { type BiasRows, cellParameters, cellVariableValues, transposed } from "../weights.ts";

/** A layer of Keras and its variables. */
export interface DescribedLayer {
  readonly spec: LayerSpec;
  /** The variables, in the order of `variablesOf`. */
  readonly variables: readonly TensorCopy[];
  /** The net's parameters for other values of the variables. Undefined when the layer has no parameters in the net. */
  parameters?(variables: readonly TensorCopy[]): Record<string, TensorCopy>;
}

/**
 * Describes a net as layers of Keras and TensorFlow.js.
 *
 * @throws {OptionError} When Keras has no layer for a layer of the net.
 * @throws {ShapeError} When names or shapes of the parameters differ from those of the net.
 */
export function describeNet(net: Layer, tensors: Tensors): DescribedLayer[] {
  const description = new NetDescription(requireParameters(net, tensors));
  description.add(net.description, "", "", net.input.width);
  return description.layers;
}

/** The error for a layer that cannot be written. */
export function cannotWrite(layer: string, reason: string): OptionError {
  return new OptionError(`Cannot write a Keras model: the layer ${JSON.stringify(layer)} ${reason}`);
}

/**
 * A name that is not in `taken`: `wanted`, or `wanted` and a number. It has no slash, which separates names in paths.
 */
export function unusedName(taken: ReadonlySet<string>, wanted: string): string {
  const base = wanted.replaceAll("/", "_");
  let name = base;
  for (let i = 2; taken.has(name); i++) name = `${base}_${i}`;
  return name;
}

/** The layers of Keras for a net, collected by a walk over the net's description. */
class NetDescription {
  readonly layers: DescribedLayer[] = [];
  readonly #parameters: ReadonlyMap<string, TensorCopy>;
  readonly #names = new Set<string>();

  constructor(parameters: ReadonlyMap<string, TensorCopy>) {
    this.#parameters = parameters;
  }

  /**
   * Adds the Keras layers for a layer of the net.
   *
   * @param prefix The beginning of the layer's parameter names.
   * @param label The name of the layer; empty for the whole net.
   * @param width Elements of an input row.
   * @returns Elements of an output row.
   */
  add(description: LayerDescription | undefined, prefix: string, label: string, width: number): number {
    if (!description) throw cannotWrite(label, 'has no "description": custom layers cannot be written');
    if (description.kind === "stacked") {
      return description.layers.reduce(
        (columns, [own, name, layer]) => this.add(layer, prefix + own, prefix + name, columns),
        width,
      );
    }
    if (description.kind === "recurrent") return this.#addStack(description, prefix, label, width);
    const name = this.#takeName(label || description.kind);
    return this.#addPlain(description, prefix, name, label, width);
  }

  /** Adds a layer that is one layer in Keras too. */
  #addPlain(description: LayerDescription, prefix: string, name: string, label: string, width: number): number {
    const tensor = (name: string) => this.#parameters.get(prefix + name)!;
    const add = (
      spec: LayerSpec,
      variables: readonly TensorCopy[] = [],
      parameters?: (variables: readonly TensorCopy[]) => Record<string, TensorCopy>,
    ) => {
      this.layers.push({
        spec,
        variables,
        parameters: parameters && ((values) => withAffixes(parameters(values), prefix, "")),
      });
    };
    const { kind } = description;
    switch (kind) {
      case "embedding": {
        const weight = tensor("weight");
        const [vocabulary, columns] = weight.shape;
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
        const weight = tensor("weight");
        const [units] = weight.shape;
        add(
          { kind, name, units, bias: true, distributed: false },
          [transposed(weight), tensor("bias")],
          ([kernel, bias]) => ({ weight: transposed(kernel), bias }),
        );
        return units;
      }
      case "dropout":
        add({ ...description, kind, name });
        return width;
      case "activation":
        add({ kind, name, activation: description.f, insideDense: false, axis: -1 });
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
    throw cannotWrite(label, `is of the kind "${kind}", which Keras does not have`);
  }

  /** Adds a stack of recurrent layers: one layer each, with the dropout between them. */
  #addStack(description: RecurrentDescription, prefix: string, label: string, width: number): number {
    const { cell, hidden, layers = 1, merge = "concat", bidirectional: both = false, output } = description;
    const { dropout = 0, inputDropout = 0, recurrentDropout = 0 } = description;
    if (description.initialStates === "learned") throw cannotWrite(label, "has learned initial states");
    if (merge === "none") throw cannotWrite(label, "outputs two sequences");
    const base = label || "rnn";
    const sizes = typeof hidden === "number" ? new Array<number>(layers).fill(hidden) : hidden;
    sizes.forEach((units, l) => {
      const isTop = l + 1 === sizes.length;
      const name = this.#takeName(sizes.length > 1 ? `${base}_l${l}` : base);
      const cellSpec: CellSpec = {
        ...describeCell(cell, label),
        name: `${name}_cell`,
        units,
        dropout: inputDropout,
        recurrentDropout,
      };
      const suffixes = both ? [`_l${l}`, `_l${l}_reverse`] : [`_l${l}`];
      this.layers.push({
        spec: {
          kind: "recurrent",
          name,
          cells: [cellSpec],
          form: "layer",
          direction: both ? "both" : "forward",
          merge,
          sequences: !isTop || output !== "last",
          stateful: false,
        },
        ...this.#cellVariables(cellSpec, prefix, suffixes),
      });
      width = both && merge === "concat" ? 2 * units : units;
      if (dropout && !isTop) {
        const name = this.#takeName(`${base}_dropout_l${l}`);
        this.layers.push({ spec: { kind: "dropout", name, rate: dropout, variational: false }, variables: [] });
      }
    });
    return width;
  }

  /** The variables of a cell in each direction. */
  #cellVariables(
    { kind, bias, resetAfter }: CellSpec,
    prefix: string,
    suffixes: readonly string[],
  ): Pick<DescribedLayer, "variables" | "parameters"> {
    const biasRows: BiasRows = bias ? resetAfter ? 2 : 1 : 0;
    const names = ["weight_ih", "weight_hh", ...bias ? ["bias_ih", "bias_hh"] : []];
    const count = bias ? 3 : 2;
    return {
      variables: suffixes.flatMap((suffix) => {
        const parameters = names.map((name) => [name, this.#parameters.get(prefix + name + suffix)!]);
        return cellVariableValues(kind, Object.fromEntries(parameters), biasRows);
      }),
      parameters: (values) =>
        Object.assign(
          {},
          ...suffixes.map((suffix, i) =>
            withAffixes(cellParameters(kind, values.slice(i * count, (i + 1) * count)), prefix, suffix)
          ),
        ),
    };
  }

  #takeName(wanted: string): string {
    const name = unusedName(this.#names, wanted);
    this.#names.add(name);
    return name;
  }
}

/** Tensors whose names get a prefix and a suffix. */
function withAffixes(tensors: Record<string, TensorCopy>, prefix: string, suffix: string): Record<string, TensorCopy> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name + suffix, tensor]));
}

/** The properties of a cell in Keras, except for its name, size and dropout. */
function describeCell(
  cell: CellDescription | undefined,
  label: string,
): Pick<CellSpec, "kind" | "activation" | "recurrentActivation" | "bias" | "resetAfter"> {
  switch (cell?.kind) {
    case "elman": {
      const { clip, activation, bias } = cell;
      refuse(label, { clip });
      return { kind: "SimpleRNN", activation, recurrentActivation: "sigmoid", bias };
    }
    case "gru": {
      const { clip, activations: { gates, candidate }, bias, reset } = cell;
      refuse(label, { clip });
      return { kind: "GRU", activation: candidate, recurrentActivation: gates, bias, resetAfter: reset === "after" };
    }
    case "lstm": {
      const { clip, projection, peepholes, coupled, activations: { gates, cell: input, hidden }, bias } = cell;
      refuse(label, { clip, projection, peepholes, coupled });
      if (!sameActivation(input, hidden)) throw cannotWrite(label, "has two functions where an LSTM of Keras has one");
      return { kind: "LSTM", activation: input, recurrentActivation: gates, bias };
    }
  }
  throw cannotWrite(label, `has a cell that Keras does not have${cell ? `, ${cell.kind}` : ""}`);
}

/** Refuses options of a cell that are in use. */
function refuse(label: string, options: Readonly<Record<string, unknown>>): void {
  const used = Object.keys(options).filter((name) => options[name]);
  if (used.length) throw cannotWrite(label, `has ${used.join(" and ")}, which Keras does not have`);
}
