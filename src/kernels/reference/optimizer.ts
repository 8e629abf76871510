/** Optimizer updates over flat ranges: the twin of assembly/optimizer.ts. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";

export function optimizerKernels(arena: Arena, { round }: NumberMode): Pick<Kernels, "adam" | "sgd" | "sgdMomentum"> {
  /** c + a b */
  function madd(a: number, b: number, c: number): number {
    return round(c + round(a * b));
  }

  return {
    adam(P, M, V, G, settings, n) {
      const f = elements(arena);
      const p = P >> 2, m = M >> 2, v = V >> 2, g = G >> 2;
      const [rate, mix1, keep2, mix2, correction2, epsilon, decay] = arena.floats(settings, 7);
      for (let i = 0; i < n; i++) {
        const weight = f[p + i];
        const gradient = madd(decay, weight, f[g + i]);
        const first = madd(round(gradient - f[m + i]), mix1, f[m + i]);
        const second = madd(round(gradient * gradient), mix2, round(f[v + i] * keep2));
        const root = madd(round(Math.sqrt(second)), correction2, epsilon);
        f[m + i] = first, f[v + i] = second;
        f[p + i] = weight - round(rate * round(first / root));
      }
    },
    sgd(P, G, settings, n) {
      const f = elements(arena);
      const p = P >> 2, g = G >> 2;
      const [rate, , decay] = arena.floats(settings, 3);
      for (let i = 0; i < n; i++) f[p + i] -= round(rate * madd(decay, f[p + i], f[g + i]));
    },
    sgdMomentum(P, V, G, settings, n) {
      const f = elements(arena);
      const p = P >> 2, v = V >> 2, g = G >> 2;
      const [rate, momentum, decay] = arena.floats(settings, 3);
      for (let i = 0; i < n; i++) {
        const velocity = madd(momentum, f[v + i], madd(decay, f[p + i], f[g + i]));
        f[v + i] = velocity;
        f[p + i] -= round(rate * velocity);
      }
    },
  };
}
