import { ShapeError } from "../errors.ts";
import type { Scope } from "../memory/scope.ts";
import type { Parameter } from "../ops/initialise.ts";
import { joinNeeds } from "../ops/needs.ts";
import { oneStepShape, type Value } from "../ops/value.ts";
import type { Layer, LayerPart, PlannedLayer, StateSpec } from "./layer.ts";
import { tie, tiedIn } from "./tying.ts";

/**
 * Layers one on top of the other as one layer: forward walks the list, backward walks the same list in reverse.
 * `labels` names the layers. `name` gives the prefix of a layer's tensors in the whole; by default all share one set
 * of names. `tied` parameters are one: see `sequential`.
 */
export function stacked(
  layers: readonly Layer[],
  labels: readonly string[],
  name: (layer: number) => string = () => "",
  tied: Readonly<Record<string, string>> = {},
): Layer {
  if (layers.slice(0, -1).some(({ output }) => output.parts)) {
    throw new ShapeError(`Cannot put a layer on one with merge "none": it gives two sequences, which are read outside`);
  }
  const parameters: Record<string, Parameter> = {};
  layers.forEach((layer, i) => {
    for (const [key, parameter] of Object.entries(layer.parameters)) parameters[name(i) + key] = parameter;
  });
  return {
    name: layers.flatMap((layer, i) => layer.name ? [name(i) + layer.name] : []).join("; "),
    description: { kind: "stacked", layers: layers.map((layer, i) => [name(i), labels[i], layer.description]) },
    input: layers[0].input,
    output: {
      ...layers[layers.length - 1].output,
      steps: layers.some(({ output }) => output.steps === "one") ? "one" : "each",
    },
    parameters: tie(parameters, tied),
    tied: { ...tiedIn(layers, name), ...tied },
    states: layers.flatMap(({ states }, i) => prefixed(name(i), states)),
    wholeSequence: layers.find(({ wholeSequence }) => wholeSequence)?.wholeSequence,
    sourceWidths: layers.flatMap(({ sourceWidths = [] }) => sourceWidths),
    plan: (scope, x) => planStack(layers, labels, name, scope, x),
  };
}

/** States by the names that they have in a layer which contains theirs. */
export function prefixed(prefix: string, states: readonly StateSpec[] = []): StateSpec[] {
  return states.map((state) => ({ ...state, name: prefix + state.name }));
}

function planStack(
  layers: readonly Layer[],
  labels: readonly string[],
  name: (layer: number) => string,
  scope: Scope,
  x: Value,
): PlannedLayer {
  let port = x;
  const parts: LayerPart[] = [];
  const planned = layers.map((layer, i) => {
    const within = scope.within(name(i)), part = layer.plan(within, port), { steps } = port;
    port = { ...part.output, steps: steps === "one" ? steps : part.output.steps };
    const own = { layer: within.name("").replace(/\.$/, ""), name: scope.name(labels[i]), output: port };
    parts.push(...part.parts ?? [own]);
    return steps === "one" ? oneStepLayer(part) : part;
  });
  const reversed = planned.toReversed();
  return {
    output: port,
    parts,
    states: planned.flatMap((part) => part.states),
    needs: joinNeeds(...planned.map((part) => part.needs)),
    refresh: (k) => planned.forEach((part) => part.refresh(k)),
    forward: (k, extent) => planned.forEach((part) => part.forward(k, extent)),
    backward: (k, extent) => reversed.forEach((part) => part.backward(k, extent)),
    gradients: (k, extent) => reversed.forEach((part) => part.gradients(k, extent)),
  };
}

/** A layer that reads one row for a whole sequence. */
function oneStepLayer(layer: PlannedLayer): PlannedLayer {
  return {
    output: layer.output,
    states: layer.states,
    needs: layer.needs,
    refresh: (k) => layer.refresh(k),
    forward: (k, extent) => layer.forward(k, oneStepShape(extent)),
    backward: (k, extent) => layer.backward(k, oneStepShape(extent)),
    gradients: (k, extent) => layer.gradients(k, oneStepShape(extent)),
  };
}
