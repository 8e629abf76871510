import type { Graph, GraphNode, OnnxValue } from "./graph_node.ts";
import type { Budget } from "../../formats/limits.ts";
import type { KernelOptions } from "../../kernels/load.ts";
import { within } from "../format/budget.ts";
import { type OnnxInput, type OnnxTensor, sizeOf, tensor } from "../format/tensor.ts";
import { decidingInputs } from "./deciding.ts";
import { interpret } from "./interpreter.ts";
import { ModelMemory } from "./plan/model_memory.ts";
import { PlanBuilder } from "./plan/plan_builder.ts";
import { fixedValue, NotPlanned, planGraph } from "./plan/plan_graph.ts";
import type { PlanValue } from "./plan/plan_value.ts";
import { type PlannedCall, plannedCall } from "./plan/planned_call.ts";
import { RecurrentRunner } from "./recurrent_runner.ts";
import { Values } from "./values.ts";

/** The most plans that a model keeps: one for each set of input shapes. */
const MOST_PLANS = 8;

/** The most elements of an input that decides a branch or a shape, in a plan. */
const MOST_DECIDING = 64;

/**
 * Runs a graph. Values that depend only on constants are computed once, in the constructor. For each set of input
 * shapes the call is planned once, and the plan runs at each call with these shapes.
 */
export class Execution {
  readonly #graph: Graph;
  readonly #constants: Map<string, OnnxTensor>;
  readonly #nodes: GraphNode[] = [];
  readonly #runners = new Map<GraphNode, RecurrentRunner>();
  readonly #folded = new Map<GraphNode, readonly OnnxTensor[]>();
  readonly #deciding: ReadonlySet<string>;
  readonly #kernels: KernelOptions;
  readonly #memory: ModelMemory;
  /** By shapes and deciding elements, the last used last; undefined: no plan is possible. */
  readonly #plans = new Map<string, PlannedCall | undefined>();
  #installed: PlannedCall | undefined;
  readonly #budget: (elements: number) => Budget;

  /** @param budget What a call with so many elements of inputs may take. */
  constructor(graph: Graph, kernels: KernelOptions, budget: (elements: number) => Budget) {
    this.#graph = graph;
    this.#kernels = kernels;
    this.#budget = budget;
    this.#memory = new ModelMemory(kernels);
    this.#constants = new Map(graph.constants);
    for (const node of graph.nodes) {
      if (node.compute && node.inputs.every((name) => !name || this.#constants.has(name))) {
        const outputs = node.compute(node.inputs.map((name) => this.#constants.get(name)));
        node.outputs.forEach((name, i) => name && outputs[i] && this.#constants.set(name, outputs[i]));
      } else this.#nodes.push(node);
    }
    this.#deciding = new Set(decidingInputs({ ...graph, nodes: this.#nodes }));
  }

  /** The nodes that depend on the inputs, in order. */
  get nodes(): readonly GraphNode[] {
    return this.#nodes;
  }

  /** The tensors of the file, and the values computed from these tensors alone. */
  get constants(): ReadonlyMap<string, OnnxTensor> {
    return this.#constants;
  }

  /** Computes the outputs, in order, from the inputs, in order. */
  async run(inputs: readonly OnnxInput[]): Promise<OnnxTensor[]> {
    const key = this.#keyOf(inputs), { arena, weightBytes } = this.#memory;
    let plan = this.#plans.get(key);
    // A plan whose region the weights have taken, or whose memory is another one, is gone.
    const isGone = plan && (plan.arena !== arena || plan.weightBytes !== weightBytes);
    if (!this.#plans.has(key) || isGone) {
      inputs = inputs.map(copied);
      plan = await this.#plan(inputs);
      const [oldest] = this.#plans.keys();
      if (this.#plans.size >= MOST_PLANS) this.#plans.delete(oldest);
    }
    this.#plans.delete(key);
    this.#plans.set(key, plan);
    if (!plan) return await this.#interpret(inputs);
    if (this.#installed !== plan) plan.install();
    this.#installed = plan;
    return await plan.run(inputs);
  }

  #keyOf(inputs: readonly OnnxInput[]): string {
    let key = "";
    inputs.forEach(({ shape, data }, i) => {
      key += `${shape};`;
      const { name } = this.#graph.inputs[i];
      if (this.#deciding.has(name) && data.length <= MOST_DECIDING) key += `${data};`;
    });
    return key;
  }

  async #plan(inputs: readonly OnnxInput[]): Promise<PlannedCall | undefined> {
    const plan = new PlanBuilder(this.#memory), values = new Values<PlanValue>();
    this.#graph.inputs.forEach(({ name, type }, i) => {
      const { shape, data } = inputs[i], known = this.#deciding.has(name) && data.length <= MOST_DECIDING;
      if (known) values.set(name, { ...fixedValue(converted(type, inputs[i])), fixed: false });
      else if (type === "float") values.set(name, { type, shape, cells: plan.buffer(sizeOf(shape)) });
      else values.set(name, { type, shape, register: plan.register() });
    });
    const context = { plan, folded: this.#folded, runner: (node: GraphNode) => this.#runner(node) };
    const graph = { constants: this.#constants, nodes: this.#nodes };
    try {
      within(this.#budgetOf(inputs), () => planGraph(context, graph, values));
      return await plannedCall(plan, this.#graph, values);
    } catch (error) {
      this.#memory.forget();
      if (error instanceof NotPlanned) return undefined;
      throw error;
    }
  }

  async #interpret(inputs: readonly OnnxInput[]): Promise<OnnxTensor[]> {
    const { outputs } = this.#graph, values = new Values<OnnxTensor>();
    this.#graph.inputs.forEach(({ name, type }, i) => values.set(name, converted(type, inputs[i])));
    const graph = { constants: this.#constants, nodes: this.#nodes };
    await interpret(graph, values, this.#budgetOf(inputs), (node) => this.#runner(node));
    return outputs.map(({ name }) => values.output(name));
  }

  #budgetOf(inputs: readonly OnnxInput[]): Budget {
    return this.#budget(inputs.reduce((sum, { data }) => sum + data.length, 0));
  }

  #runner(node: GraphNode): RecurrentRunner {
    const runner = this.#runners.get(node) ?? new RecurrentRunner(node.recurrent!, this.#kernels);
    this.#runners.set(node, runner);
    return runner;
  }

  dispose(): void {
    for (const run of this.#runners.values()) run.dispose();
    this.#plans.clear();
    this.#memory.dispose();
  }
}

/** A copy of an input, which the caller may change while a call waits. */
export function copied({ shape, data }: OnnxInput): OnnxInput {
  return { shape: [...shape], data: Array.from(data as ArrayLike<number>) };
}

/** An input as a tensor of the type that the model declares. */
export function converted(type: OnnxValue["type"], { shape, data }: OnnxInput): OnnxTensor {
  return tensor(type, [...shape], Array.from(data, Number));
}
