import type { Cell } from "../../cells/cell.ts";
import { elman } from "../../cells/elman.ts";
import { gru } from "../../cells/gru.ts";
import { lstm } from "../../cells/lstm.ts";
import { activation } from "../../layers/activation.ts";
import { dense } from "../../layers/dense.ts";
import { dropout } from "../../layers/dropout.ts";
import { embedding } from "../../layers/embedding.ts";
import type { Layer } from "../../layers/layer.ts";
import { layerNorm } from "../../layers/layer_norm.ts";
import { pool } from "../../layers/pool.ts";
import { recurrent } from "../../layers/recurrent.ts";
import { completeActivation } from "../../ops/activation.ts";
import { joinNeeds } from "../../ops/needs.ts";
import { reverse } from "../../ops/reverse.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import type { CellSpec, LayerSpec, RecurrentSpec } from "../spec.ts";
import { cellParameters, transposed } from "../weights.ts";

/** A layer of the net for a layer of the model. */
export interface ConvertedLayer {
  /** The end of its name, behind the name in the model; empty for the first layer. */
  readonly suffix: string;
  readonly layer: Layer;
  /** By their names in the layer. */
  readonly parameters: Readonly<Record<string, TensorCopy>>;
}

/**
 * The net's layers for a layer of the model.
 *
 * @param width Elements of an input row.
 * @param variables In the order of `variablesOf`.
 */
export function convertLayer(spec: LayerSpec, width: number, variables: readonly TensorCopy[]): ConvertedLayer[] {
  switch (spec.kind) {
    case "embedding":
      return [converted(embedding(spec.vocabulary, spec.width), { weight: variables[0] })];
    case "dense": {
      const [kernel, bias = { shape: [spec.units], data: new Float32Array(spec.units) }] = variables;
      return [converted(dense(width, spec.units), { weight: transposed(kernel), bias })];
    }
    case "activation": {
      const { name, ...numbers } = completeActivation(
        "activation",
        spec.activation === "softmax" ? "identity" : spec.activation,
      );
      return [{
        suffix: spec.insideDense ? "_activation" : "",
        layer: activation(name, width, numbers),
        parameters: {},
      }];
    }
    case "dropout":
      return [converted(dropout(width, spec.rate, { variational: spec.variational }), {})];
    case "norm": {
      const rest = [...variables];
      const filled = (x: number) => ({ shape: [width], data: new Float32Array(width).fill(x) });
      const weight = spec.scale ? rest.shift()! : filled(1);
      const bias = spec.center ? rest.shift()! : filled(0);
      return [converted(layerNorm(width, { epsilon: spec.epsilon }), { weight, bias })];
    }
    case "pool":
      return [converted(pool(width, spec.how), {})];
    case "recurrent":
      return convertRecurrent(spec, width, variables);
    case "masking":
      return [];
  }
}

function converted(layer: Layer, parameters: ConvertedLayer["parameters"]): ConvertedLayer {
  return { suffix: "", layer, parameters };
}

/** One layer for each cell of a stack. */
function convertRecurrent(spec: RecurrentSpec, width: number, variables: readonly TensorCopy[]): ConvertedLayer[] {
  const { cells, direction, merge, sequences } = spec;
  const both = direction === "both";
  const rest = [...variables];
  return cells.map((cell, i) => {
    const parameters: Record<string, TensorCopy> = {};
    let resetAfter = cell.resetAfter ?? false;
    for (const suffix of both ? ["_l0", "_l0_reverse"] : ["_l0"]) {
      const own = rest.splice(0, cell.bias ? 3 : 2);
      if (cell.resetAfter === undefined) resetAfter = own[2]?.shape.length === 2;
      for (const [name, tensor] of Object.entries(cellParameters(cell.kind, own))) parameters[name + suffix] = tensor;
    }
    const layer = recurrent(cellOf(cell, resetAfter), {
      input: i ? cells[i - 1].units : width,
      hidden: cell.units,
      bidirectional: both,
      merge,
      output: sequences || i + 1 < cells.length ? "sequence" : "last",
      inputDropout: cell.dropout,
      recurrentDropout: cell.recurrentDropout,
    });
    const suffix = cells.length > 1 ? `_${i}` : "";
    return { suffix, layer: direction === "backward" ? reversed(layer) : layer, parameters };
  });
}

/** The cell with the equations of a Keras cell. */
function cellOf({ kind, activation, recurrentActivation: gates, bias }: CellSpec, resetAfter: boolean): Cell {
  if (kind === "SimpleRNN") return elman({ activation, bias });
  if (kind === "LSTM") return lstm({ bias, activations: { gates, cell: activation, hidden: activation } });
  return gru({ reset: resetAfter ? "after" : "before", bias, activations: { gates, candidate: activation } });
}

/**
 * A layer that reads each sequence from its last step to its first, as Keras with `go_backwards`. The steps of its
 * output are in that order too. Padding stays behind them.
 */
function reversed(layer: Layer): Layer {
  return {
    ...layer,
    name: `${layer.name} against time`, // checkpoints contain this name
    description: undefined, // the description of `layer` is for forward order
    wholeSequence: "a layer that reads backwards",
    plan(scope, x) {
      const reversed = reverse(scope, x), planned = layer.plan(scope, reversed.output);
      return {
        ...planned,
        needs: joinNeeds(reversed.needs, planned.needs),
        forward(k, extent) {
          reversed.forward(k, extent);
          planned.forward(k, extent);
        },
        backward(k, extent) {
          if (x.gradient) k.zero(x.gradient.address, extent.T * extent.B, x.width, x.gradient.stride);
          planned.backward(k, extent);
          reversed.backward(k, extent); // adds
        },
      };
    },
  };
}
