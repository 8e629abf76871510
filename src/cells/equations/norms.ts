import type { Kernels } from "../../kernels/kernels.ts";
import type { Slot } from "../../memory/slot.ts";
import type { CellContext } from "../cell.ts";
import { Block } from "./block.ts";
import { type Call, copy } from "./calls.ts";
import type { Equations } from "./trace.ts";

/** The layer normalisations of a cell. */
export interface PlannedNorms {
  /** One of the normalised values, `name number`; in backward, its gradient. */
  part(at: string): Slot;
  /** Normalise the values of these places. */
  forward(name: string, from: readonly Block[]): Call;
  /** Compute the gradients of what was normalised, side by side. */
  backward(name: string, first: Block): Call;
  /** Add to the gradients of gains and biases. */
  gradients(k: Kernels, T: number, B: number): void;
}

/**
 * Plans layer normalisation (Ba, Kiros & Hinton 2016) of some values side by side, with parameters `NAME_gain` and
 * `NAME_bias`. Backward replaces the normalised values by their gradients, from which `gradients` computes those of the
 * parameters, over all rows at once.
 *
 * @param isAhead Whether a normalisation reads no state, and so runs for all steps at once.
 */
export function planNorms(
  { scope, H, savedActivation }: CellContext,
  { norms }: Equations,
  isAhead: (name: string) => boolean,
): PlannedNorms {
  const all = new Map(
    Object.entries(norms).map(([name, { values, epsilon = 1e-5 }]) => {
      const rows = scope.steps * scope.batch, n = values * H;
      const slot = (label: string) =>
        isAhead(name) && !scope.train ? scope.activation(label, rows, n) : savedActivation(label, n);
      const gain = scope.parameter(`${name}_gain`), bias = scope.parameter(`${name}_bias`);
      return [name, {
        n,
        gain,
        bias,
        epsilon: scope.constant(`epsilon of ${name}`, [epsilon]),
        x: slot(`input of ${name}`),
        y: slot(name),
        stats: scope.activation(`mean and deviation of ${name}`, 1, 2 * rows),
        unwanted: scope.activation(`unwanted gradients of ${name}`, 2, n),
      }];
    }),
  );
  return {
    part(at) {
      const [name, i] = at.split(" ");
      return all.get(name)!.y.slice(Number(i) * H, H);
    },

    forward(name, from) {
      const { n, gain, bias, epsilon, x, y, stats } = all.get(name)!;
      const copies = from.map((block, i) => copy(new Block(x.slice(i * H, H), 0), block));
      return (k, t, B, rows) => {
        // `gradients` reads all rows. Those that are not active must not keep the numbers of an earlier call.
        if (t === 0) k.zero(stats.address, 1, stats.columns, stats.columns);
        for (const call of copies) call(k, t, B, rows);
        const [to, in_] = [y.step(t, B), x.step(t, B)], at = stats.address + 8 * t * B;
        const parameters = [gain.value.address, bias.value.address, epsilon.address] as const;
        k.layerNorm(to, at, in_, ...parameters, rows, n, y.stride, x.stride);
      };
    },

    backward(name, first) {
      const { n, gain, x, y, stats, unwanted } = all.get(name)!;
      return (k, t, B, rows) => {
        const into = [first.at(t, B), unwanted.at(0), unwanted.at(1)] as const;
        const from = [y.step(t, B), x.step(t, B), stats.address + 8 * t * B, gain.value.address] as const;
        k.layerNormBackward(...into, ...from, rows, n, first.stride, y.stride, x.stride);
      };
    },

    gradients(k, T, B) {
      for (const { n, gain, bias, x, y, stats } of all.values()) {
        const into = [y.address, gain.gradient.address, bias.gradient.address] as const;
        const from = [y.address, x.address, stats.address, gain.value.address] as const;
        k.layerNormBackward(...into, ...from, T * B, n, y.stride, y.stride, x.stride);
      }
    },
  };
}
