import { activation } from "../../layers/activation.ts";
import { attentionPool } from "../../layers/attention_pool.ts";
import { dense } from "../../layers/dense.ts";
import { embedding, oneHot } from "../../layers/embedding.ts";
import type { Layer } from "../../layers/layer.ts";
import { layerNorm } from "../../layers/layer_norm.ts";
import { pool } from "../../layers/pool.ts";
import { recurrent } from "../../layers/recurrent.ts";
import { residual } from "../../layers/residual.ts";
import { sequential } from "../../layers/sequential.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import type { FoundLayer, FoundRecurrent } from "./found_layer.ts";

/** A layer and all its parameters by name. */
interface BuiltLayer {
  readonly layer: Layer;
  readonly parameters: Map<string, TensorCopy>;
}

/** A net of the layers that were found. Adjacent recurrent layers of one kind become one stack, as in PyTorch. */
export function buildNet(found: readonly FoundLayer[]): BuiltLayer {
  const layers: Record<string, Layer> = {};
  const all = new Map<string, TensorCopy>();
  const counts = new Map<string, number>();
  for (const group of groupStacks(found)) {
    const kind = group[0].kind === "recurrent" ? "rnn" : group[0].kind;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const name = count > 1 ? `${kind}${count}` : kind;
    const { layer, parameters } = buildLayer(group);
    layers[name] = layer;
    for (const [parameter, tensor] of parameters) all.set(`${name}.${parameter}`, tensor);
  }
  return { layer: sequential(layers), parameters: all };
}

/** Groups of one layer each, except that the recurrent layers of one stack share a group. */
function groupStacks(layers: readonly FoundLayer[]): FoundLayer[][] {
  const groups: FoundLayer[][] = [];
  for (const layer of layers) {
    const group = groups.at(-1);
    const below = group?.at(-1);
    if (group && below?.kind === "recurrent" && layer.kind === "recurrent" && canStack(below, layer)) group.push(layer);
    else groups.push([layer]);
  }
  return groups;
}

/** Whether two recurrent layers can be layers of one stack. */
function canStack(below: FoundRecurrent, above: FoundRecurrent): boolean {
  const names = ({ parameters: [first] }: FoundRecurrent) => Object.keys(first).join();
  const innerMerge = ({ merge = "concat" }: FoundRecurrent) => merge === "none" ? "concat" : merge;
  return below.cell.name === above.cell.name && below.bidirectional === above.bidirectional &&
    names(below) === names(above) && innerMerge(below) === innerMerge(above);
}

function buildLayer(group: readonly FoundLayer[]): BuiltLayer {
  const [found] = group;
  const vector = (data: Float32Array): TensorCopy => ({ shape: [data.length], data });
  const built = (layer: Layer, parameters: Record<string, TensorCopy> = {}) => {
    return { layer, parameters: new Map(Object.entries(parameters)) };
  };
  switch (found.kind) {
    case "embedding":
      return built(embedding(found.weight.shape[0], found.weight.shape[1]), { weight: found.weight });
    case "oneHot":
      return built(oneHot(found.vocabulary));
    case "dense": {
      const { weight, weight: { shape: [output, input] }, bias = new Float32Array(output) } = found;
      return built(dense(input, output), { weight, bias: vector(bias) });
    }
    case "scale": {
      const { factor, bias } = found, { length } = factor;
      const weight = new Float32Array(length * length);
      for (let i = 0; i < length; i++) weight[i * length + i] = factor[i];
      const parameters = { weight: { shape: [length, length], data: weight }, bias: vector(Float32Array.from(bias)) };
      return built(dense(length, length), parameters);
    }
    case "activation":
      return built(activation(found.f.name, found.width, { alpha: found.f.alpha, beta: found.f.beta }));
    case "layerNorm": {
      const { epsilon, weight, bias } = found;
      return built(layerNorm(weight.length, { epsilon }), { weight: vector(weight), bias: vector(bias) });
    }
    case "pool":
      return built(pool(found.width, found.how));
    case "attention": {
      const { weight, weight: { shape: [hidden, width] }, bias, query } = found;
      return built(attentionPool(width, { hidden }), { weight, bias: vector(bias), query: vector(query) });
    }
    case "residual": {
      const { layer, parameters } = buildNet(found.layers);
      return { layer: residual(layer), parameters };
    }
    case "recurrent":
      return buildStack(group as FoundRecurrent[]);
  }
}

function buildStack(stack: readonly FoundRecurrent[]): BuiltLayer {
  const [{ cell, input, bidirectional, parameters: [first] }] = stack;
  const { merge, last } = stack.at(-1)!;
  const layer = recurrent(cell, {
    input,
    hidden: stack.map(({ hidden }) => hidden),
    bidirectional,
    merge,
    output: last ? "last" : "sequence",
    initialStates: "initial_h" in first ? "learned" : "zero",
  });
  const parameters = new Map<string, TensorCopy>();
  stack.forEach((found, l) =>
    found.parameters.forEach((direction, d) => {
      for (const [name, tensor] of Object.entries(direction)) {
        parameters.set(`${name}_l${l}${d ? "_reverse" : ""}`, tensor);
      }
    })
  );
  return { layer, parameters };
}
