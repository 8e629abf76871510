import type { Kernels } from "../../kernels/kernels.ts";
import type { Slot } from "../../memory/slot.ts";
import { linear } from "../../ops/linear.ts";
import type { Needs } from "../../ops/needs.ts";
import type { BatchShape } from "../../ops/value.ts";
import type { CellContext, PlannedCell } from "../cell.ts";
import { type Block, block as slotBlock } from "./block.ts";
import { type Call, calls } from "./calls.ts";
import type { Width } from "./expression.ts";
import type { Home } from "./order.ts";
import type { Placed } from "./place.ts";
import { index } from "./place.ts";
import { planProducts } from "./products.ts";
import type { Schedule } from "./schedule.ts";
import type { Equations } from "./trace.ts";

/** A product that is not with the recurrent weight. */
export interface PlannedProduct {
  /** The results side by side, and in backward their gradients. */
  readonly y: Slot;
  /** Renew packed weights. */
  refresh?(k: Kernels): void;
  /** The call of forward, with the blocks of the arguments. */
  forward(from: readonly Block[]): Call;
  /** The call of backward, with the block of the first argument's gradient. */
  backward(to: Block): Call;
  /** Add to the gradients of parameters. */
  gradient(k: Kernels, T: number, B: number): void;
}

/** Dropout masks of all steps. */
export interface PlannedMasks {
  readonly needs: Partial<Needs>;
  /** Draw them, in training. */
  draw?(k: Kernels, shape: BatchShape): void;
  /** The block of a mask. */
  block(name: string): Block;
}

/** What plans the parts that cells of `defineCell` alone can have. */
export interface Extension {
  /** A layer normalisation. `slot` is a slot of all steps. */
  norm(
    context: CellContext,
    equations: Equations,
    name: string,
    slot: (label: string, n: number) => Slot,
  ): PlannedProduct;
  /** All masks. */
  masks(context: CellContext, equations: Equations): PlannedMasks;
}

/** Gives the works of a cell their memory and kernels. */
export function planEquations(context: CellContext, equations: Equations, schedule: Schedule): PlannedCell {
  const { scope, H, z, states, gradients, savedActivation } = context, { train, batch, steps } = scope;
  const extension = equations.extension as Extension | undefined, { passes, factors } = schedule, [ahead] = passes;
  const columns = (width: Width) => width === "H" ? H : width;
  // What is made for all steps at once has rows for all steps.
  const slotOf = (isAhead: boolean) => (label: string, n: number) =>
    isAhead && !train ? scope.activation(label, steps * batch, n) : savedActivation(label, n);
  const kept = schedule.kept.map(({ width, isAhead }, i) => slotOf(isAhead)(`value ${i}`, columns(width)));
  const others = equations.products.map(({ weight, args: [arg], results: [e] }, i) => {
    if (!weight) return undefined;
    const slot = slotOf(ahead.works.some(({ kind, at }) => kind === "product" && at === i));
    if (e.op === "part") return extension!.norm(context, equations, weight, slot);
    return planWeight(context, weight, () => blockOf([])(factors[i], arg.width).slot, slot(weight, columns(e.width)));
  });
  const masks = extension?.masks(context, equations);

  /** Finds the blocks of homes, in a pass that has these temporary ones. */
  const blockOf = (temporaries: readonly Slot[]) => (home: Home, width: Width, count = 1): Block => {
    const [kind, at, row] = home.split(" "), n = columns(width), i = index(home), shift = kind === "next" ? 1 : 0;
    if (kind === "vector") return slotBlock(vectorSlots(context, home, n).value, undefined, 0);
    if (kind === "mask") return masks!.block(at);
    if (kind === "temporary") return slotBlock(temporaries[i]);
    if (kind === "gradient") return slotBlock(gradients[i]);
    if (kind === "outputGradient") return slotBlock(gradients[0], i);
    const all = {
      z: () => z.slice(i * H, count * H),
      kept: () => kept[i],
      result: () => others[i]!.y.slice(Number(row) * n, n),
    };
    return slotBlock((all[kind as "z"] ?? (() => states[i]))(), shift);
  };
  const placed = passes.map((pass) => ({ pass, block: blockOf(temporarySlots(context, pass, columns)) }));
  const [, now, back] = placed;

  const products = planProducts(context, equations, (i) => {
    if (factors[i] === "now 0") return undefined;
    const value = now.block(factors[i], "H").slot;
    const work = back?.pass.works.find(({ kind, at }) => kind === "productBackward" && at === i);
    return { value, gradient: work ? back.block(work.to!, work.makes[0].width).slot : value };
  });
  const [early, stepForward, stepBackward] = placed.map(({ pass, block }) =>
    calls(pass, {
      scope,
      block,
      other({ kind, at, reads, makes: [e], from, to }) {
        if (kind === "sum") {
          const [d] = reads,
            x = block(from[0], d.width),
            { gradient } = vectorSlots(context, `vector ${at}`, x.columns);
          return (k, t, B, n) => k.columnSums(gradient.address, x.at(t, B), n, x.columns, x.stride);
        }
        const i = at as number, own = others[i], matmul = products.matmuls[i]!;
        if (kind === "product") {
          return own?.forward(from.map((home, j) => block(home, reads[j].width))) ?? matmul.forward;
        }
        return own?.backward(block(to!, e.width)) ?? matmul.backward;
      },
    })
  );
  return {
    bias: products.bias,
    needs: masks?.needs,
    begin: early.length || masks?.draw
      ? (k, shape) => {
        masks?.draw?.(k, shape);
        for (const call of early) call(k, 0, shape.B, shape.T * shape.B);
      }
      : undefined,
    refresh(k) {
      products.refresh(k);
      for (const product of others) product?.refresh?.(k);
    },
    forward(k, t, B, n) {
      for (const call of stepForward) call(k, t, B, n);
    },
    backward(k, t, B, n) {
      for (const call of stepBackward) call(k, t, B, n);
    },
    gradients(k, T, B) {
      products.gradients(k, T, B);
      for (const product of others) product?.gradient(k, T, B);
    },
  };
}

/** The value and gradient of a vector, or of a row of one. */
function vectorSlots({ scope }: CellContext, home: string, n: number): { value: Slot; gradient: Slot } {
  const [, name, row = 0] = home.split(" "), { value, gradient } = scope.parameter(name), from = Number(row) * n;
  return { value: value.slice(from, n), gradient: gradient.slice(from, n) };
}

/** The temporary values of a pass side by side, in memory that other layers use too. */
function temporarySlots({ scope }: CellContext, { temporaries }: Placed, columns: (width: Width) => number): Slot[] {
  const widths = temporaries.map(columns), total = widths.reduce((a, b) => a + b, 0);
  if (!total) return [];
  const slot = scope.scratch("values of a step", scope.batch, total);
  let from = 0;
  return widths.map((n) => slot.slice((from += n) - n, n));
}

/** A product with a weight that is not the recurrent one. */
function planWeight({ scope }: CellContext, weight: string, x: () => Slot, y: Slot): PlannedProduct {
  const matmul = linear(scope, scope.parameter(weight));
  return {
    y,
    refresh: matmul.refresh,
    forward: () => {
      const from = x();
      return (k, t, B, n) => matmul.forward(k, y, y.row(t, B), from, from.row(t, B), n);
    },
    backward: (to) => (k, t, B, n) => matmul.backward(k, to.slot, 0, y, y.row(t, B), n),
    gradient: (k, T, B) => matmul.gradient(k, y, 0, x(), x().row(0, B), T * B),
  };
}
