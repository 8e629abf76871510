import { ShapeError } from "../errors.ts";
import type { Scope } from "../memory/scope.ts";
import { joinNeeds } from "../ops/needs.ts";
import { oneStepShape, type Value } from "../ops/value.ts";
import { joinDeclarations, tie } from "./declarations.ts";
import type { Layer, LayerPart, PlannedLayer } from "./layer.ts";

/**
 * Layers one on top of the other as one layer. Forward walks the list, backward walks the list in reverse.
 *
 * @param layers The layers, bottom to top.
 * @param labels Names of the layers in statistics and errors.
 * @param prefix The prefix of a layer's tensor names. Default: no prefix, all layers share one set of names.
 * @param tied Parameters that are one tensor: see `sequential`.
 * @throws {ShapeError} When a layer reads the two sequences of `merge: "none"`, or parameters cannot be tied.
 */
export function stacked(
  layers: readonly Layer[],
  labels: readonly string[],
  prefix: (layer: number) => string = () => "",
  tied: Readonly<Record<string, string>> = {},
): Layer {
  if (layers.slice(0, -1).some(({ output }) => output.parts)) {
    throw new ShapeError(`Cannot put a layer on one with merge "none": the two sequences can only be a net's output`);
  }
  const declared = joinDeclarations(layers.map((layer, i) => [prefix(i), layer]));
  return {
    ...declared,
    name: layers.flatMap((layer, i) => layer.name ? [prefix(i) + layer.name] : []).join("; "),
    description: { kind: "stacked", layers: layers.map((layer, i) => [prefix(i), labels[i], layer.description]) },
    input: layers[0].input,
    output: {
      ...layers[layers.length - 1].output,
      steps: layers.some(({ output }) => output.steps === "one") ? "one" : "each",
    },
    parameters: tie(declared.parameters, tied),
    tied: { ...declared.tied, ...tied },
    plan: (scope, x) => planStack(layers, labels, prefix, scope, x),
  };
}

function planStack(
  layers: readonly Layer[],
  labels: readonly string[],
  prefix: (layer: number) => string,
  scope: Scope,
  x: Value,
): PlannedLayer {
  let below = x;
  const parts: LayerPart[] = [];
  const planned = layers.map((layer, i) => {
    const inner = scope.within(prefix(i)), own = layer.plan(inner, below), { steps } = below;
    below = { ...own.output, steps: steps === "one" ? steps : own.output.steps };
    const whole = { layer: inner.name("").replace(/\.$/, ""), name: scope.name(labels[i]), output: below };
    parts.push(...own.parts ?? [whole]);
    return steps === "one" ? oneStepLayer(own) : own;
  });
  const reversed = planned.toReversed();
  return {
    output: below,
    parts,
    states: planned.flatMap(({ states }) => states),
    needs: joinNeeds(...planned.map(({ needs }) => needs)),
    refresh: (k) => planned.forEach((layer) => layer.refresh(k)),
    forward(k, shape) {
      for (let i = 0; i < planned.length; i++) planned[i].forward(k, shape); // allocates nothing
    },
    backward: (k, shape) => reversed.forEach((layer) => layer.backward(k, shape)),
    gradients: (k, shape) => reversed.forEach((layer) => layer.gradients(k, shape)),
  };
}

/** A layer whose input has one row for each sequence. */
function oneStepLayer(layer: PlannedLayer): PlannedLayer {
  return {
    output: layer.output,
    states: layer.states,
    needs: layer.needs,
    refresh: (k) => layer.refresh(k),
    forward: (k, shape) => layer.forward(k, oneStepShape(shape)),
    backward: (k, shape) => layer.backward(k, oneStepShape(shape)),
    gradients: (k, shape) => layer.gradients(k, oneStepShape(shape)),
  };
}
