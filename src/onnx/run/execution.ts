import type { Budget } from "../../formats/limits.ts";
import type { KernelOptions } from "../../kernels/load.ts";
import { within } from "../format/budget.ts";
import { type Graph, type GraphNode, withNodeName } from "./graph.ts";
import type { Inputs } from "./operators/operator.ts";
import { OPERATORS } from "./operators/operators.ts";
import { RecurrentRunner } from "./recurrent_runner.ts";
import type { OnnxTensor } from "../format/tensor.ts";

/**
 * Runs a graph. Values that depend only on constants are computed once, in the constructor. Values that depend only on
 * the shapes of the inputs are computed again when the shapes differ from those of the call before.
 */
export class Execution {
  readonly #constants: Map<string, OnnxTensor>;
  readonly #nodes: GraphNode[] = [];
  readonly #recurrent = new Map<GraphNode, RecurrentRunner>();
  /** The nodes whose outputs depend only on the shapes of the inputs. */
  readonly #shapeOnly: Set<GraphNode>;
  /** The shapes of the last call's inputs, as JSON. */
  #shapes = "";
  /** The outputs of these nodes for `#shapes`. */
  #byShape = new Map<string, OnnxTensor>();

  readonly #budget: (elements: number) => Budget;

  /** @param budget What a call with so many elements of inputs may take. */
  constructor(graph: Graph, kernels: KernelOptions, budget: (elements: number) => Budget) {
    this.#budget = budget;
    this.#constants = new Map(graph.constants);
    for (const node of graph.nodes) {
      if (node.compute && node.inputs.every((name) => !name || this.#constants.has(name))) {
        store(this.#constants, node, node.compute(gather(this.#constants, node)));
      } else {
        this.#nodes.push(node);
        if (node.recurrent) this.#recurrent.set(node, new RecurrentRunner(node.recurrent, kernels));
      }
    }
    this.#shapeOnly = shapeOnly(this.#nodes, this.#constants);
  }

  /** The nodes that run in each call, in order. */
  get nodes(): readonly GraphNode[] {
    return this.#nodes;
  }

  /** The tensors of the file, and the values computed from these tensors alone. */
  get constants(): ReadonlyMap<string, OnnxTensor> {
    return this.#constants;
  }

  /** Computes all values of the graph, by name. */
  async run(inputs: ReadonlyMap<string, OnnxTensor>): Promise<ReadonlyMap<string, OnnxTensor>> {
    const shapes = JSON.stringify([...inputs].map(([name, { shape }]) => [name, shape]));
    if (shapes !== this.#shapes) this.#byShape = new Map();
    this.#shapes = shapes;
    const budget = this.#budget([...inputs.values()].reduce((sum, { data }) => sum + data.length, 0));
    const values = new Map([...this.#constants, ...this.#byShape, ...inputs]);
    for (const node of this.#nodes) {
      if (node.outputs.every((name) => !name || this.#byShape.has(name))) continue;
      const outputs = await this.#outputs(node, gather(values, node), budget);
      store(values, node, outputs);
      if (this.#shapeOnly.has(node)) store(this.#byShape, node, outputs);
    }
    return values;
  }

  async #outputs(node: GraphNode, inputs: Inputs, budget: Budget): Promise<OnnxTensor[]> {
    const { compute } = node;
    if (compute) return within(budget, () => compute(inputs));
    try {
      return await this.#recurrent.get(node)!.run(inputs, budget);
    } catch (error) {
      throw withNodeName(node.label, error);
    }
  }

  dispose(): void {
    for (const run of this.#recurrent.values()) run.dispose();
  }
}

/** The inputs of a node. */
function gather(values: ReadonlyMap<string, OnnxTensor>, { inputs }: GraphNode): Inputs {
  return inputs.map((name) => values.get(name));
}

/** Stores the outputs of a node by name. */
function store(values: Map<string, OnnxTensor>, { outputs }: GraphNode, tensors: readonly OnnxTensor[]): void {
  outputs.forEach((name, i) => name && tensors[i] && values.set(name, tensors[i]));
}

/** The nodes whose outputs depend only on constants and on the shapes of the inputs. */
function shapeOnly(nodes: readonly GraphNode[], constants: ReadonlyMap<string, unknown>): Set<GraphNode> {
  const found = new Set<GraphNode>();
  // Values whose elements depend on the elements of an input, and values whose shapes do.
  const varying = new Set<string>(), varyingShape = new Set<string>();
  const produced = new Set(nodes.flatMap(({ outputs }) => outputs));
  const varies = (name: string) => varying.has(name) || (name !== "" && !produced.has(name) && !constants.has(name));
  for (const node of nodes) {
    const { operator, inputs, outputs } = node;
    const { shapedBy = Infinity } = OPERATORS[operator] ?? {};
    const shapeVaries = inputs.some((name, i) => varyingShape.has(name) || (i >= shapedBy && varies(name)));
    const fixed = operator === "Shape" ? !shapeVaries : !node.recurrent && !inputs.some(varies);
    if (fixed) found.add(node);
    else outputs.forEach((name) => varying.add(name));
    if (shapeVaries) outputs.forEach((name) => varyingShape.add(name));
  }
  return found;
}
