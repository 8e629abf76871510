import type { Slot } from "../../memory/slot.ts";
import { dropoutMask } from "../../ops/dropout.ts";
import { joinNeeds } from "../../ops/needs.ts";
import type { CellContext } from "../cell.ts";
import { block } from "./block.ts";
import { copy } from "./calls.ts";
import type { Extension, PlannedMasks, PlannedProduct } from "./planned_equations.ts";
import type { Equations } from "./trace.ts";

/** What plans the normalisations and masks of a cell. */
export const EXTENSION: Extension = { norm: planNorm, masks: planMasks };

/**
 * Plans layer normalisation (Ba, Kiros & Hinton 2016) of some values side by side, with parameters `NAME_gain` and
 * `NAME_bias`. Backward finds their gradients in the place of the normalised values, from which `gradient` computes
 * those of the parameters, over all rows at once.
 */
function planNorm(
  { scope, H }: CellContext,
  { norms }: Equations,
  name: string,
  slot: (label: string, n: number) => Slot,
): PlannedProduct {
  const { values, epsilon = 1e-5 } = norms[name], n = values * H, rows = scope.steps * scope.batch;
  const gain = scope.parameter(`${name}_gain`), bias = scope.parameter(`${name}_bias`);
  const small = scope.constant(`epsilon of ${name}`, [epsilon]), x = slot(`input of ${name}`, n), y = slot(name, n);
  const stats = scope.activation(`mean and deviation of ${name}`, 1, 2 * rows);
  const unwanted = scope.activation(`unwanted gradients of ${name}`, 2, n);
  return {
    y,
    forward(from) {
      const copies = from.map((one, i) => copy(block(x.slice(i * H, H), 0), one));
      return (k, t, B, rows) => {
        // `gradient` reads all rows. Those that are not active must not keep the numbers of an earlier call.
        if (t === 0) k.zero(stats.address, 1, stats.columns, stats.columns);
        for (const call of copies) call(k, t, B, rows);
        const to = y.step(t, B), from = x.step(t, B), at = stats.address + 8 * t * B;
        const { address } = gain.value;
        k.layerNorm(to, at, from, address, bias.value.address, small.address, rows, n, y.stride, x.stride);
      };
    },
    backward: (to) => (k, t, B, rows) => {
      const into = to.at(t, B), stat = stats.address + 8 * t * B, d = y.step(t, B), from = x.step(t, B);
      const a = unwanted.at(0), b = unwanted.at(1), { address } = gain.value;
      k.layerNormBackward(into, a, b, d, from, stat, address, rows, n, to.stride, y.stride, x.stride);
    },
    gradient(k, T, B) {
      const into = [y.address, gain.gradient.address, bias.gradient.address] as const;
      const from = [y.address, x.address, stats.address, gain.value.address] as const;
      k.layerNormBackward(...into, ...from, T * B, n, y.stride, y.stride, x.stride);
    },
  };
}

/** Plans the dropout masks. In a net that is not trained they are one row of ones. */
function planMasks({ scope, H }: CellContext, { masks }: Equations): PlannedMasks {
  const { train, steps, batch } = scope;
  const drawn = Object.entries(masks).map(([name, rate]) => {
    return train ? { name, ...dropoutMask(scope, name, rate, steps * batch, H) } : undefined;
  }).filter((mask) => mask !== undefined);
  const ones = !train && Object.keys(masks).length ? scope.constant("ones", new Array(H).fill(1)) : undefined;
  return {
    needs: joinNeeds(...drawn.map(({ needs }) => needs)),
    draw: drawn.length
      ? (k, shape) => {
        for (const mask of drawn) mask.draw(k, shape);
      }
      : undefined,
    block: (at) => ones ? block(ones, undefined, 0) : block(drawn.find(({ name }) => name === at)!.slot, 0),
  };
}
