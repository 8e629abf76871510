/** Reference kernels of assembly/norm.ts: the norm of gradients and the factor to clip with. Doubles in both modes. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { exp, log } from "../real.ts";
import { elements } from "./elements.ts";

const BLOCK = 4096;

export function normKernels(arena: Arena): Pick<Kernels, "sumPowers" | "clipNorm"> {
  return {
    sumPowers(Y, X, power, n) {
      const x = arena.floats(X, n), y = arena.doubles(Y, Math.ceil(n / BLOCK)), [p] = arena.floats(power, 1);
      for (let b = 0; b < y.length; b++) {
        const block = Array.from(x.subarray(b * BLOCK, (b + 1) * BLOCK), Math.abs);
        if (p === 1) y[b] = fourChains(block);
        else if (p === 2) y[b] = fourChains(block.map((size) => size * size));
        else if (p === Infinity) y[b] = block.reduce((largest, size) => Math.max(largest, size), 0);
        else y[b] = block.reduce((sum, size) => sum + exp(p * log(size)), 0);
      }
    },
    clipNorm(norm, scale, sums, limit, power, count) {
      const f = elements(arena), p = f[power >> 2];
      let total = 0;
      for (const sum of arena.doubles(sums, count)) total = p === Infinity ? Math.max(total, sum) : total + sum;
      let length = total;
      if (p === 2) length = Math.sqrt(total);
      else if (p !== 1 && p !== Infinity) length = exp(log(total) / p);
      const ratio = f[limit >> 2] / (length + 1e-6);
      f[norm >> 2] = length;
      f[scale >> 2] = ratio > 1 ? 1 : ratio;
    },
  };
}

/** The sum over four interleaved chains. */
function fourChains(x: number[]): number {
  const s = [0, 0, 0, 0];
  x.forEach((value, i) => s[i & 3] += value);
  return (s[0] + s[2]) + (s[1] + s[3]);
}
