import type { GraphNode } from "../graph_node.ts";
import { type ParameterSlot, Planner, type Shape } from "../../../memory/planner.ts";
import { Scope } from "../../../memory/scope.ts";
import { Slot } from "../../../memory/slot.ts";
import { recurrent } from "../../../layers/recurrent.ts";
import { planParameters } from "../../../layers/planning.ts";
import { spend } from "../../format/budget.ts";
import { type OnnxTensor, sizeOf } from "../../format/tensor.ts";
import { recurrentInputs } from "../recurrent_node.ts";
import { reordered, reversed, some } from "./cells.ts";
import type { ModelMemory, WriteWeight } from "./model_memory.ts";
import type { PlanBuilder } from "./plan_builder.ts";
import { type Cells, inCells, isFloat, type PlanValue } from "./plan_value.ts";

/**
 * Places one direction of a recurrent node: what depends on weights alone among the weights of the model, everything
 * else in the region of the plan.
 */
class DirectionPlanner extends Planner {
  #weights: Slot | undefined;

  constructor(
    readonly memory: ModelMemory,
    readonly outer: Planner,
    readonly owner: GraphNode,
    readonly direction: number,
    readonly sizes: { readonly B: number; readonly T: number; readonly I: number; readonly H: number; rows: number },
  ) {
    super(sizes.B, sizes.T, false);
  }

  #weight(name: string, elements: number, write?: WriteWeight): Slot {
    return this.memory.weight(this.owner, `${this.direction} ${name}`, elements, write);
  }

  /** Runs when the weights are written for the first time. */
  once(run: WriteWeight): void {
    this.#weight("all", 0, run);
  }

  override parameter(name: string, shape: Shape): ParameterSlot {
    const size = sizeOf(shape), value = this.#copied(name) ?? this.#weight(name, size);
    return { name, aliases: [], shape, size, value, gradient: value };
  }

  /**
   * The place of a weight of which the layer keeps a copy in panels: only until the copy is made.
   */
  #copied(name: string): Slot | undefined {
    const { I, H, rows } = this.sizes, isInput = name.startsWith("weight_ih");
    if (!isInput && !name.startsWith("weight_hh")) return undefined;
    this.#weights ??= this.outer.scratch("weights", 1, rows * (I + H));
    return isInput ? this.#weights.slice(0, rows * I) : this.#weights.slice(rows * I, rows * H);
  }

  override derived(name: string, _rows: number, columns: number): Slot {
    return this.#weight(name, columns);
  }

  override constant(name: string, numbers: readonly number[]): Slot {
    return this.#weight(
      name,
      numbers.length,
      (slot, _, arena) => arena.floats(slot.address, numbers.length).set(numbers),
    );
  }

  override activation(name: string, rows: number, columns: number, period?: number, lead?: number): Slot {
    return this.outer.activation(name, rows, columns, period, lead);
  }

  override integers(name: string, rows: number): Slot {
    return this.outer.integers(name, rows);
  }

  override scratch(name: string, rows: number, columns: number): Slot {
    return this.outer.scratch(name, rows, columns);
  }

  override workspace(elements: number): Slot {
    return this.outer.workspace(elements);
  }
}

/**
 * Plans a recurrent node with the library's layers. Its weights must be constants of the file, and all rows must have
 * all steps; else undefined.
 */
export function planRecurrent(
  plan: PlanBuilder,
  node: GraphNode,
  inputs: readonly (PlanValue | undefined)[],
): PlanValue[] | undefined {
  const [X, W, R, b, lengths, h, c, P] = inputs, recurrence = node.recurrent!;
  const fixed = [W, R, b, P].every((weight) => !weight || weight.fixed);
  const shaped = inputs.map((input) => input && (input.known ?? withoutElements(input)));
  const { T, B, I, H, cells, parameters } = recurrentInputs(recurrence, shaped);
  const whole = !lengths || lengths.known?.data.every((length) => length === T);
  // The rows of inputs, gates and outputs, and one byte for 16 multiplications; then all copies of the weights.
  spend(T * B * cells.length * (4 * (H + I + 8) + H * (H + I) / 32) + 8 * cells.length * H * (H + I));
  if (!fixed || !whole || !T || !B || !I || !H || [X, h, c].some((input) => input && !isFloat(input))) return undefined;
  const D = cells.length, names = recurrence.operator === "LSTM" ? ["h", "c"] : ["h"];
  /** Elements of time-major layout `[outer, middle, inner]`, from the layout of the node. */
  const swapped = ({ shape }: PlanValue, all: Cells): Cells =>
    recurrence.batchFirst ? reordered(all, [shape[1], shape[0], shape[2]], [1, 0, 2]) : all;
  const x = swapped(X!, plan.cellsOf(X!)),
    initial = names.map((_, i) => {
      const state = inputs[5 + i];
      return state && swapped(state, plan.cellsOf(state));
    });
  const Y = new Int32Array(T * D * B * H), finals = names.map(() => plan.buffer(D * B * H));
  for (let d = 0; d < D; d++) {
    const reverse = recurrence.directions[d];
    const step = plan.gathered(reverse ? reversed(x, T, B * I) : x);
    const rows = cells[d].gates * H, region = { base: 0 }, layer = recurrent(cells[d], { input: I, hidden: H });
    const planner = new DirectionPlanner(plan.memory, plan.planner, node, d, { B, T, I, H, rows });
    const slots = planParameters(planner, layer), scope = new Scope(planner, slots);
    const value = { kind: "values", width: I, value: new Slot("x", T * B, I, I, region, 0) } as const;
    const planned = layer.plan(scope, value), output = planned.output.value;
    planner.once((_, k, arena) => {
      for (const [name, { shape, fill }] of Object.entries(parameters(d))) {
        fill(arena.floats(slots.get(`${name}_l0`)!.value.address, sizeOf(shape)));
      }
      planned.refresh(k);
    });
    const firsts = initial.map((state) => state && plan.gathered(some(state, d * B * H, B * H)));
    const lasts = finals.map(({ start }) => ({ start: start + d * B * H })), all = plan.slot(output);
    plan.step([step, ...firsts.flatMap((first) => first ?? []), ...finals, all], ({ k, address }) => {
      region.base = address(step);
      const shape = { T, B, active: () => B, training: false };
      const from = firsts.map((first) => first && address(first)), to = lasts.map(address);
      const { states } = planned, { length } = states;
      const first = states.map((state) => state.first(B)), last = states.map((state) => state.last());
      return () => {
        for (let i = 0; i < length; i++) {
          if (from[i]) k.copy(first[i], from[i]!, B, H, states[i].stride, H);
          else k.zero(first[i], B, H, states[i].stride);
        }
        planned.forward(k, shape);
        for (let i = 0; i < length; i++) k.copy(to[i], last[i], B, H, H, states[i].stride);
      };
    });
    for (let t = 0; t < T; t++) {
      for (let r = 0; r < B; r++) {
        const row = (reverse ? T - 1 - t : t) * B + r, at = all.start + row * output.stride;
        for (let j = 0; j < H; j++) Y[((t * D + d) * B + r) * H + j] = at + j;
      }
    }
  }
  const out = { start: Y[0], index: Y };
  const shape = recurrence.batchFirst ? [B, T, D, H] : [T, D, B, H];
  const state = recurrence.batchFirst ? [B, D, H] : [D, B, H];
  return [
    inCells(shape, recurrence.batchFirst ? reordered(out, [T, D, B, H], [2, 0, 1, 3]) : out),
    ...finals.map((cells) => inCells(state, recurrence.batchFirst ? reordered(cells, [D, B, H], [1, 0, 2]) : cells)),
  ];
}

/** A tensor of the shape and type of a value, whose elements nobody reads. */
export function withoutElements({ type, shape }: PlanValue): OnnxTensor {
  return { type, shape, data: new Float32Array() };
}
