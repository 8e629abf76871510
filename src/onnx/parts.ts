import type { Cell } from "../cells/cell.ts";
import { activation } from "../layers/activation.ts";
import { dense } from "../layers/dense.ts";
import { embedding } from "../layers/embedding.ts";
import type { Layer } from "../layers/layer.ts";
import { recurrent } from "../layers/recurrent.ts";
import { sequential } from "../layers/sequential.ts";
import type { TensorCopy } from "../models/tensors.ts";

/** A layer that was found in a graph, with its parameters. */
export type Part = EmbeddingPart | DensePart | ActivationPart | RecurrentPart;

interface EmbeddingPart {
  readonly kind: "embedding";
  /** `[vocabulary, width]` */
  readonly weight: TensorCopy;
}

/** y = x Wᵀ + b; without b it is zero. */
export interface DensePart {
  readonly kind: "dense";
  /** `[output, input]` */
  readonly weight: TensorCopy;
  bias?: Float32Array;
}

interface ActivationPart {
  readonly kind: "activation";
  readonly name: "relu" | "tanh" | "sigmoid";
  readonly width: number;
}

/** One recurrent layer, in one direction or two. */
export interface RecurrentPart {
  readonly kind: "recurrent";
  readonly cell: Cell;
  readonly input: number;
  readonly hidden: number;
  readonly bidirectional: boolean;
  /** Whether rows have lengths of their own. */
  readonly lengths: boolean;
  /** Of each direction, by PyTorch's names without suffix; initial states that are not zero among them. */
  readonly parameters: readonly Readonly<Record<string, TensorCopy>>[];
  last: boolean;
}

/** Layers by name, and all parameters by theirs. */
export interface Assembly {
  readonly layer: Layer;
  readonly parameters: Map<string, TensorCopy>;
}

/** A net of parts. Recurrent layers of one kind, one on the other, become one layer, as PyTorch has them. */
export function assemble(parts: readonly Part[]): Assembly {
  const layers: Record<string, Layer> = {}, parameters = new Map<string, TensorCopy>();
  for (const group of groups(parts)) {
    const [part] = group, kind = part.kind === "recurrent" ? "rnn" : part.kind;
    const count = Object.keys(layers).filter((name) => name.replace(/\d+$/, "") === kind).length;
    const name = count ? `${kind}${count + 1}` : kind;
    const set = (key: string, tensor: TensorCopy) => void parameters.set(`${name}.${key}`, tensor);
    layers[name] = layerOf(group);
    if (part.kind === "embedding") set("weight", part.weight);
    if (part.kind === "dense") {
      const [output] = part.weight.shape;
      set("weight", part.weight);
      set("bias", { shape: [output], data: part.bias ?? new Float32Array(output) });
    }
    (group as RecurrentPart[]).forEach(({ kind, parameters }, l) => {
      if (kind !== "recurrent") return;
      parameters.forEach((direction, d) => {
        for (const [key, tensor] of Object.entries(direction)) set(`${key}_l${l}${d ? "_reverse" : ""}`, tensor);
      });
    });
  }
  return { layer: sequential(layers), parameters };
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
  return below.cell.name === above.cell.name && below.bidirectional === above.bidirectional &&
    names(below) === names(above);
}

function layerOf(group: readonly Part[]): Layer {
  const [part] = group;
  if (part.kind === "embedding") return embedding(part.weight.shape[0], part.weight.shape[1]);
  if (part.kind === "dense") return dense(part.weight.shape[1], part.weight.shape[0]);
  if (part.kind === "activation") return activation(part.name, part.width);
  const stack = group as RecurrentPart[], { cell, input, bidirectional } = part;
  return recurrent(cell, {
    input,
    hidden: stack.map(({ hidden }) => hidden),
    bidirectional,
    output: stack.some(({ last }) => last) ? "last" : "sequence",
    initialStates: "initial_h" in part.parameters[0] ? "learned" : "zero",
  });
}
