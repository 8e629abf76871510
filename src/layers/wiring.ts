import { ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { joinNeeds } from "../ops/needs.ts";
import { type BatchShape, shapeOf, type TensorSpec, type Value } from "../ops/value.ts";
import { joinDeclarations, tie, type Tied } from "./declarations.ts";
import type { Layer, LayerPart, PlannedLayer } from "./layer.ts";

type Steps = Pick<TensorSpec, "steps">;

/** A layer of a net, and the tensors that the layer reads. */
export interface Node {
  readonly layer: Layer;
  /** Name of the layer in statistics and errors. */
  readonly label: string;
  /** The prefix of the names of the layer's tensors. */
  readonly prefix: string;
  /** What the layer reads: the inputs of the net have the numbers 0, 1, ..., then the layers before it. */
  readonly reads: readonly number[];
}

/** The layers of a net in the order of forward, its inputs and its outputs. */
export interface Wiring {
  readonly input: TensorSpec;
  readonly nodes: readonly Node[];
  /** The numbers of the outputs, by name. A net with one output needs no name. */
  readonly outputs: Readonly<Record<string, number>>;
  /** Parameters that are one tensor: see `sequential`. */
  readonly tied?: Tied;
}

/**
 * Layers as one layer. Forward walks the list, backward walks the list in reverse. The gradient of a tensor that is
 * read several times is a sum from the last reader to the first, where the reader of an output comes after all layers.
 *
 * @throws {ShapeError} When a layer reads the two sequences of `merge: "none"`, or parameters cannot be tied.
 */
export function wired(wiring: Wiring): Layer {
  const { input, nodes, outputs, tied = {} } = wiring;
  const declared = joinDeclarations(nodes.map(({ prefix, layer }) => [prefix, layer]));
  const specs = specsOf(input);
  for (const { layer, reads } of nodes) {
    const read = reads.map((i) => specs[i]);
    if (read.some(({ parts, named }) => parts || named)) {
      throw new ShapeError(
        `Cannot put a layer on one with merge "none" or several outputs: these can only be the outputs of the net`,
      );
    }
    if (read.length !== specsOf(layer.input).length) {
      throw new ShapeError(
        `Cannot join layers: a layer of ${specsOf(layer.input).length} inputs must not read ${read.length}`,
      );
    }
    specs.push(outputOf(layer, read));
  }
  return {
    ...declared,
    name: nodes.flatMap(({ prefix, layer }) => layer.name ? [prefix + layer.name] : []).join("; "),
    input,
    output: selected(specs, outputs),
    parameters: tie(declared.parameters, tied),
    tied: { ...declared.tied, ...tied },
    plan: (scope, x) => plan(wiring, scope, x),
  };
}

/** A planned layer with its input, and the gradients to add up behind its backward. */
interface PlannedNode {
  readonly layer: PlannedLayer;
  readonly x: Value;
  readonly sums: readonly { readonly of: Value; readonly gradient: Slot }[];
}

function plan({ nodes, outputs }: Wiring, scope: Scope, x: Value): PlannedLayer {
  const values = specsOf(x), parts: LayerPart[] = [];
  const reads = [...nodes.flatMap(({ reads }) => reads), ...Object.values(outputs)];
  const planned = nodes.map(({ layer, label, prefix, reads: own }): PlannedNode => {
    const sums: { of: Value; gradient: Slot }[] = [];
    const read = own.map((i) => {
        reads.shift();
        const of = values[i], { gradient } = of;
        // The last reader of a tensor writes the gradient, all others a slot that is added.
        if (!gradient || !reads.includes(i)) return of;
        const { name, rows, columns } = gradient, added = scope.activation(`${name}, added`, rows, columns);
        sums.push({ of, gradient: added });
        return { ...of, gradient: added };
      }),
      x = joined(read);
    const inner = scope.within(prefix), { steps } = x;
    const planned = typeof steps === "object" ? steps.plan(layer, inner, x) : layer.plan(inner, x);
    const value = behind(x, planned.output);
    const whole = { layer: inner.layerName, name: scope.name(label), output: value };
    parts.push(...planned.parts ?? [whole]);
    values.push(value);
    return { layer: planned, x, sums };
  });
  const reversed = planned.toReversed();
  return {
    output: selected(values, outputs),
    parts,
    states: planned.flatMap(({ layer }) => layer.states),
    needs: joinNeeds(...planned.map(({ layer }) => layer.needs)),
    refresh: (k) => planned.forEach(({ layer }) => layer.refresh(k)),
    forward(k, shape) {
      for (const { layer, x } of planned) layer.forward(k, shapeOf(x, shape)); // allocates nothing
    },
    backward: (k, shape) => reversed.forEach((node) => backward(k, node, shape)),
    gradients: (k, shape) => reversed.forEach(({ layer, x }) => layer.gradients(k, shapeOf(x, shape))),
  };
}

function backward(k: Kernels, { layer, x, sums }: PlannedNode, shape: BatchShape): void {
  layer.backward(k, shapeOf(x, shape));
  for (const { of, gradient: { address, stride } } of sums) {
    const { T, B } = shapeOf(of, shape), { address: to, columns, stride: ld } = of.gradient!;
    k.add(to, to, address, T * B, columns, ld, ld, stride);
  }
}

/** The output of a layer that reads these tensors, with steps as the whole net sees them. */
export function outputOf({ output }: Layer, read: readonly TensorSpec[]): TensorSpec {
  return behind(joined(read), output);
}

/** The inputs of a net. */
function specsOf<Spec extends TensorSpec>(input: Spec): Spec[] {
  return Object.values(input.named ?? { input }) as Spec[];
}

/** Several tensors as the one input of a layer, or the one output of a net; who reads them knows the steps of each. */
function joined<Spec extends TensorSpec>(all: readonly Spec[] | Readonly<Record<string, Spec>>): Spec {
  const [first, second] = Object.values(all);
  return second ? { ...first, steps: "each", named: { ...all } } : first;
}

/** The outputs of a net. */
function selected<Spec extends TensorSpec>(specs: readonly Spec[], outputs: Wiring["outputs"]): Spec {
  return joined(Object.fromEntries(Object.entries(outputs).map(([name, i]) => [name, specs[i]])));
}

/** The output of a layer that reads x, with steps as the whole net sees them. */
export function behind<Spec extends Steps>(x: Steps, output: Spec): Spec {
  const { steps } = output;
  return { ...output, steps: typeof steps === "object" ? steps.after(x.steps) : steps === "one" ? steps : x.steps };
}
