import type { Kernels } from "../../kernels/kernels.ts";
import type { Slot } from "../../memory/slot.ts";
import { dropoutMask } from "../../ops/dropout.ts";
import { linear } from "../../ops/linear.ts";
import { joinNeeds } from "../../ops/needs.ts";
import type { CellContext, PlannedCell } from "../cell.ts";
import { Block } from "./block.ts";
import { type Binding, type Call, calls, constantsOf } from "./calls.ts";
import type { Width } from "./expression.ts";
import type { Home } from "./order.ts";
import { planNorms } from "./norms.ts";
import { planProducts } from "./products.ts";
import type { Placed } from "./place.ts";
import type { Schedule } from "./schedule.ts";
import type { Equations } from "./trace.ts";

/** Gives the works of a cell their memory and kernels. */
export function planEquations(context: CellContext, equations: Equations, schedule: Schedule): PlannedCell {
  const { scope, H, z, states, gradients, savedActivation } = context, { train, batch, steps } = scope;
  const columns = (width: Width) => width === "H" ? H : width;
  const passes = train ? (["ahead", "forward", "backward", "late"] as const) : (["ahead", "forward"] as const);

  const kept = schedule.kept.map(({ width, by }, i) => {
    if (by === "backward" && !train) return undefined;
    const name = `value ${i}`, n = columns(width);
    return by === "ahead" && !train ? scope.activation(name, steps * batch, n) : savedActivation(name, n);
  });
  const isAhead = (name: string) => schedule.ahead.works.some(({ kind, at }) => kind === "norm" && at === name);
  const norms = planNorms(context, equations, isAhead), masks = planMasks(context, equations);
  const temporaries = new Map(passes.map((pass) => {
    const rows = pass === "late" ? steps * batch : batch;
    return [pass, temporarySlots(context, schedule[pass], rows, columns)];
  }));

  const binding = (pass: typeof passes[number]): Pick<Binding, "block"> => ({
    block({ kind, at, width }, count = 1) {
      const n = columns(width), i = at as number;
      const step = (slot: Slot, shift = 0) => new Block(slot, shift);
      const shared = (slot: Slot, stride?: number) => new Block(slot, undefined, stride);
      switch (kind) {
        case "z":
          return step(z.slice(i * H, count * H));
        case "now":
          return step(states[i]);
        case "next":
          return step(states[i], 1);
        case "kept":
          return step(kept[i]!);
        case "norm":
          return step(norms.part(at as string));
        case "gradient":
          return shared(gradients[i]);
        case "outputGradient":
          return step(gradients[0], i);
        case "mask":
          return masks.place(at as string, step, shared);
        case "vector":
          return shared(vectorSlot(context, at as string, n).value, 0);
        case "temporary":
          return shared(temporaries.get(pass)![i]);
      }
    },
  });

  // The schedule knows the homes of factors; the gradient of a factor is where backward makes it.
  const block = binding("forward").block;
  const backwardBlock = (home: Home) => binding("backward").block(home).slot;
  const gradientOf = new Map(schedule.backward.works.flatMap((work) => {
    const home = schedule.backward.results.get(work);
    return work.kind === "productBackward" && home ? [[work.at as number, home] as const] : [];
  }));
  const output = Object.keys(equations.states)[0];
  const products = planProducts(context, equations, (i) => {
    const { argument, weight } = equations.products[i];
    if (weight || argument.op === "state" && argument.at === output) return undefined;
    const value = block(schedule.products[i].factor).slot, d = gradientOf.get(i);
    return { value, gradient: train && d ? backwardBlock(d) : value };
  });
  const others = equations.products.map(({ weight }, i) => {
    if (!weight) return undefined;
    const factor = block(schedule.products[i].factor),
      matmul = linear(scope, scope.parameter(weight)),
      d = gradientOf.get(i);
    const dy = train ? block(schedule.products[i].resultGradient!) : undefined;
    return {
      refresh: matmul.refresh,
      forward: (y: Block): Call => (k, t, B, n) =>
        matmul.forward(k, y.slot, y.row(t, B), factor.slot, factor.row(t, B), n),
      backward: ((k, t, B, n) => matmul.backward(k, backwardBlock(d!), 0, dy!.slot, dy!.row(t, B), n)) as Call,
      gradient: (k: Kernels, T: number, B: number) =>
        matmul.gradient(k, dy!.slot, 0, factor.slot, factor.row(0, B), T * B),
    };
  });
  const other: Binding["other"] = ({ kind, at }, sources, result) => {
    if (kind === "sum") {
      const from = binding("late").block(sources[0]), to = vectorSlot(context, at as string, from.columns).gradient;
      return (k, t, B, n) => k.columnSums(to.address, from.at(t, B), n, from.columns, from.stride);
    }
    if (kind === "norm") return norms.forward(at as string, sources.map((home) => block(home)));
    if (kind === "normBackward") return norms.backward(at as string, binding("backward").block(result!));
    const i = at as number, own = others[i], matmul = products.matmuls[i];
    if (kind === "product") return own ? own.forward(block(result!)) : matmul!.forward;
    return own ? own.backward : matmul!.backward;
  };
  const constants = constantsOf(scope);
  const run = Object.fromEntries(passes.map((pass) => {
    const accumulator: Home = { kind: "outputGradient", at: 0, width: Object.values(equations.states)[0] };
    const { block } = binding(pass);
    return [pass, calls(schedule[pass], { constants, block, accumulator, other })];
  })) as Record<typeof passes[number], Call[]>;

  const hasAhead = schedule.ahead.works.length > 0 || masks.draw;
  return {
    bias: products.bias,
    needs: joinNeeds(...masks.needs),
    begin: hasAhead
      ? (k, shape) => {
        masks.draw?.(k, shape);
        for (const call of run.ahead) call(k, 0, shape.B, shape.T * shape.B);
      }
      : undefined,
    refresh(k) {
      products.refresh(k);
      for (const product of others) product?.refresh(k);
    },
    forward(k, t, B, n) {
      for (const call of run.forward) call(k, t, B, n);
    },
    backward(k, t, B, n) {
      for (const call of run.backward) call(k, t, B, n);
    },
    gradients(k, T, B) {
      products.gradients(k, T, B);
      for (const product of others) product?.gradient(k, T, B);
      norms.gradients(k, T, B);
      for (const call of run.late) call(k, 0, B, T * B);
    },
  };
}

/** The value and gradient of a vector, or of a row of one: `name` or `name row`. */
function vectorSlot({ scope }: CellContext, at: string, n: number): { value: Slot; gradient: Slot } {
  const [name, row = 0] = at.split(" "), { value, gradient } = scope.parameter(name);
  return { value: value.slice(Number(row) * n, n), gradient: gradient.slice(Number(row) * n, n) };
}

/** The temporary values of a pass side by side, in memory that other layers use too. */
function temporarySlots(
  { scope }: CellContext,
  { temporaries }: Placed,
  rows: number,
  columns: (width: Width) => number,
): Slot[] {
  const widths = temporaries.map(({ width }) => columns(width)), total = widths.reduce((a, b) => a + b, 0);
  if (!total) return [];
  const slot = scope.scratch("values of a step", rows, total);
  let from = 0;
  return widths.map((n) => slot.slice((from += n) - n, n));
}

/** The dropout masks of all steps. In a net that is not trained they are one row of ones. */
function planMasks({ scope, H }: CellContext, { masks }: Equations) {
  const planned = new Map(
    Object.entries(masks).map(([name, rate]) => [
      name,
      scope.train ? dropoutMask(scope, name, rate, scope.steps * scope.batch, H) : undefined,
    ]),
  );
  const drawn = [...planned.values()].filter((mask) => mask !== undefined);
  const ones = !scope.train && planned.size ? scope.constant("ones", new Array(H).fill(1)) : undefined;
  return {
    needs: drawn.map(({ needs }) => needs),
    draw: drawn.length
      ? (k: Kernels, shape: Parameters<typeof drawn[number]["draw"]>[1]) => {
        for (const mask of drawn) mask.draw(k, shape);
      }
      : undefined,
    place: (name: string, step: (slot: Slot) => Block, shared: (slot: Slot, stride: number) => Block): Block =>
      ones ? shared(ones, 0) : step(planned.get(name)!.slot),
  };
}
