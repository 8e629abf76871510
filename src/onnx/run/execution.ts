import type { Numerics } from "../../kernels/load.ts";
import { type Graph, type GraphNode, named } from "./graph.ts";
import type { Inputs } from "./operators/operator.ts";
import { OPERATORS } from "./operators/operators.ts";
import { RecurrentRun } from "./recurrent_runner.ts";
import type { OnnxTensor } from "../format/tensor.ts";

/**
 * Runs a graph. What depends on constants alone is computed once, when this is made; what depends on nothing but the
 * shapes of the inputs once for each set of shapes that come one after the other.
 */
export class Execution implements Disposable {
  readonly #constants: Map<string, OnnxTensor>;
  readonly #nodes: GraphNode[] = [];
  readonly #recurrent = new Map<GraphNode, RecurrentRun>();
  /** The nodes that give the same whenever the inputs have the same shapes. */
  readonly #shapeOnly: Set<GraphNode>;
  #shapes = "";
  #byShape = new Map<string, OnnxTensor>();

  constructor(graph: Graph, numerics: Numerics) {
    this.#constants = new Map(graph.constants);
    for (const node of graph.nodes) {
      if (node.compute && node.inputs.every((name) => !name || this.#constants.has(name))) {
        store(this.#constants, node, node.compute(gather(this.#constants, node)));
      } else {
        this.#nodes.push(node);
        if (node.recurrent) this.#recurrent.set(node, new RecurrentRun(node.recurrent, numerics));
      }
    }
    this.#shapeOnly = shapeOnly(this.#nodes, this.#constants);
  }

  /** What is left to be run for each call, in order. */
  get nodes(): readonly GraphNode[] {
    return this.#nodes;
  }

  /** The constants of the file, and what was made of them. */
  get constants(): ReadonlyMap<string, OnnxTensor> {
    return this.#constants;
  }

  /** All values by name. */
  async run(inputs: ReadonlyMap<string, OnnxTensor>): Promise<ReadonlyMap<string, OnnxTensor>> {
    const shapes = JSON.stringify([...inputs].map(([name, { shape }]) => [name, shape]));
    if (shapes !== this.#shapes) this.#byShape = new Map();
    this.#shapes = shapes;
    const values = new Map([...this.#constants, ...this.#byShape, ...inputs]);
    for (const node of this.#nodes) {
      if (node.outputs.every((name) => !name || this.#byShape.has(name))) continue;
      const outputs = await this.#outputs(node, gather(values, node));
      store(values, node, outputs);
      if (this.#shapeOnly.has(node)) store(this.#byShape, node, outputs);
    }
    return values;
  }

  async #outputs(node: GraphNode, inputs: Inputs): Promise<OnnxTensor[]> {
    if (node.compute) return node.compute(inputs);
    try {
      return await this.#recurrent.get(node)!.run(inputs);
    } catch (error) {
      throw named(node.label, error);
    }
  }

  [Symbol.dispose](): void {
    for (const run of this.#recurrent.values()) run[Symbol.dispose]();
  }
}

/** The inputs of a node. */
export function gather(values: ReadonlyMap<string, OnnxTensor>, { inputs }: GraphNode): Inputs {
  return inputs.map((name) => values.get(name));
}

/** Keep the outputs of a node. */
export function store(values: Map<string, OnnxTensor>, { outputs }: GraphNode, tensors: readonly OnnxTensor[]): void {
  outputs.forEach((name, i) => name && tensors[i] && values.set(name, tensors[i]));
}

function shapeOnly(nodes: readonly GraphNode[], constants: ReadonlyMap<string, unknown>): Set<GraphNode> {
  // Values that vary with elements, and those whose shapes do.
  const varying = new Set<string>(), shapeless = new Set<string>(), found = new Set<GraphNode>();
  const produced = new Set(nodes.flatMap(({ outputs }) => outputs));
  const varies = (name: string) => varying.has(name) || (name !== "" && !produced.has(name) && !constants.has(name));
  for (const node of nodes) {
    const { operator, inputs, outputs } = node, { shapedBy = Infinity } = OPERATORS[operator] ?? {};
    const lost = inputs.some((name, i) => shapeless.has(name) || (i >= shapedBy && varies(name)));
    const fixed = operator === "Shape" ? !lost : !node.recurrent && !inputs.some(varies);
    if (fixed) found.add(node);
    else outputs.forEach((name) => varying.add(name));
    if (lost) outputs.forEach((name) => shapeless.add(name));
  }
  return found;
}
