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
import type { Part, RecurrentPart } from "./found_layer.ts";

/** A layer, and all its parameters by their names. */
export interface Assembly {
  readonly layer: Layer;
  readonly parameters: Map<string, TensorCopy>;
}

/** A net of parts. Recurrent layers of one kind, one on the other, become one layer, as PyTorch has them. */
export function assemble(parts: readonly Part[]): Assembly {
  const layers: Record<string, Layer> = {}, all = new Map<string, TensorCopy>();
  for (const group of groups(parts)) {
    const kind = group[0].kind === "recurrent" ? "rnn" : group[0].kind;
    const count = Object.keys(layers).filter((name) => name.replace(/\d+$/, "") === kind).length;
    const name = count ? `${kind}${count + 1}` : kind, { layer, parameters } = built(group);
    layers[name] = layer;
    for (const [key, tensor] of parameters) all.set(`${name}.${key}`, tensor);
  }
  return { layer: sequential(layers), parameters: all };
}

function groups(parts: readonly Part[]): Part[][] {
  const found: Part[][] = [];
  for (const part of parts) {
    const group = found.at(-1), below = group?.at(-1);
    if (group && below?.kind === "recurrent" && part.kind === "recurrent" && alike(below, part)) group.push(part);
    else found.push([part]);
  }
  return found;
}

/** Whether two recurrent layers can be one stack. */
function alike(below: RecurrentPart, above: RecurrentPart): boolean {
  const names = ({ parameters: [first] }: RecurrentPart) => Object.keys(first).join();
  const inner = ({ merge = "concat" }: RecurrentPart) => merge === "none" ? "concat" : merge;
  return below.cell.name === above.cell.name && below.bidirectional === above.bidirectional &&
    names(below) === names(above) && inner(below) === inner(above);
}

function built(group: readonly Part[]): Assembly {
  const [part] = group, row = (data: Float32Array): TensorCopy => ({ shape: [data.length], data });
  const made = (layer: Layer, parameters: Record<string, TensorCopy> = {}) => {
    return { layer, parameters: new Map(Object.entries(parameters)) };
  };
  switch (part.kind) {
    case "embedding":
      return made(embedding(part.weight.shape[0], part.weight.shape[1]), { weight: part.weight });
    case "oneHot":
      return made(oneHot(part.vocabulary));
    case "dense": {
      const { weight } = part, [output, input] = weight.shape;
      return made(dense(input, output), { weight, bias: row(part.bias ?? new Float32Array(output)) });
    }
    case "activation":
      return made(activation(part.f.name, part.width, { alpha: part.f.alpha, beta: part.f.beta }));
    case "layerNorm": {
      const { epsilon, weight, bias } = part;
      return made(layerNorm(weight.length, { epsilon }), { weight: row(weight), bias: row(bias) });
    }
    case "pool":
      return made(pool(part.width, part.how));
    case "attention": {
      const { weight, bias, query } = part, [hidden, width] = weight.shape;
      return made(attentionPool(width, { hidden }), { weight, bias: row(bias), query: row(query) });
    }
    case "residual": {
      const { layer, parameters } = assemble(part.parts);
      return { layer: residual(layer), parameters };
    }
    case "recurrent":
      return stack(group as RecurrentPart[]);
  }
}

function stack(group: readonly RecurrentPart[]): Assembly {
  const [{ cell, input, bidirectional, parameters: [first] }] = group, { merge, last } = group.at(-1)!;
  const layer = recurrent(cell, {
    input,
    hidden: group.map(({ hidden }) => hidden),
    bidirectional,
    merge,
    output: last ? "last" : "sequence",
    initialStates: "initial_h" in first ? "learned" : "zero",
  });
  const parameters = new Map<string, TensorCopy>();
  group.forEach((part, l) =>
    part.parameters.forEach((direction, d) => {
      for (const [key, tensor] of Object.entries(direction)) {
        parameters.set(`${key}_l${l}${d ? "_reverse" : ""}`, tensor);
      }
    })
  );
  return { layer, parameters };
}
