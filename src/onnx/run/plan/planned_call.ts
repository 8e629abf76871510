import type { Graph } from "../graph_node.ts";
import type { WasmArena } from "../../../memory/wasm_arena.ts";
import { type OnnxInput, type OnnxTensor, sizeOf, tensor } from "../../format/tensor.ts";
import { withNodeName } from "../graph.ts";
import type { Values } from "../values.ts";
import type { PlanBuilder } from "./plan_builder.ts";
import type { PlanValue } from "./plan_value.ts";

/** A planned call, in the memory of its model. */
export interface PlannedCall {
  /** The memory for which it was planned. */
  readonly arena: WasmArena;
  /** The bytes of the model's weights for which it was planned. */
  readonly weightBytes: number;
  /** Writes the constants of the plan, after another plan has used the memory. */
  install(): void;
  /** Computes the outputs, in order, from the inputs, in order. */
  run(inputs: readonly OnnxInput[]): OnnxTensor[] | Promise<OnnxTensor[]>;
}

/** Completes a plan whose values are all planned, and makes its memory. */
export async function plannedCall(
  plan: PlanBuilder,
  graph: Graph,
  values: Values<PlanValue>,
): Promise<PlannedCall> {
  const { memory } = plan;
  const given = graph.inputs.map(({ name }) => values.get(name)!);
  const results = graph.outputs.map(({ name }) => {
    const value = values.output(name), cells = value.cells && plan.dense(value);
    if (cells) plan.keep(cells);
    return { ...value, cells };
  });
  for (const { cells } of given) if (cells) plan.fill(cells);
  await memory.reserve(plan.finish());
  const { arena, weightBytes } = memory;
  const { bound, steps, labels, install } = plan.bind();
  const writes = given.map(({ type, shape, cells, register }) => {
    if (cells) {
      const numbers = bound.floats(cells, sizeOf(shape));
      return ({ data }: OnnxInput) => setNumbers(numbers, data);
    }
    if (register === undefined) return () => {};
    return ({ data }: OnnxInput) => {
      const elements = typeof data[0] === "bigint" ? Array.from(data, Number) : data as ArrayLike<number>;
      bound.registers[register] = tensor(type, shape, elements);
    };
  });
  const reads = results.map(({ type, shape, known, cells, register }) => {
    if (register !== undefined) return () => bound.registers[register];
    const numbers = cells ? bound.floats(cells, sizeOf(shape)) : known!.data;
    return (): OnnxTensor => ({ type, shape: [...shape], data: numbers.slice() });
  });
  const read = () => reads.map((read) => read());

  async function finish(from: number, wait: Promise<void>): Promise<OnnxTensor[]> {
    let at = from - 1;
    try {
      await wait;
      for (at = from; at < steps.length; at++) await steps[at]();
    } catch (error) {
      throw withNodeName(labels[at], error);
    }
    return read();
  }

  return {
    arena,
    weightBytes,
    install,
    run(inputs) {
      for (let i = 0; i < writes.length; i++) writes[i](inputs[i]);
      let at = 0;
      try {
        for (; at < steps.length; at++) {
          const wait = steps[at]();
          if (wait) return finish(at + 1, wait);
        }
      } catch (error) {
        throw withNodeName(labels[at], error);
      }
      return read();
    },
  };
}

/** Copies numbers, each converted to f32. */
function setNumbers(to: Float32Array, from: OnnxInput["data"]): void {
  if (typeof from[0] !== "bigint") to.set(from as ArrayLike<number>);
  else for (let i = 0; i < to.length; i++) to[i] = Number(from[i]);
}
