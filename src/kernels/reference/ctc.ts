/** Reference kernel of assembly/ctc.ts, which has the equations: connectionist temporal classification. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";

const IMPOSSIBLE = -Math.fround(1e30);
const LEAST = -Math.fround(1e29);

export function ctcKernels(arena: Arena, { round, exp, log }: NumberMode): Pick<Kernels, "ctc"> {
  const add = (a: number, b: number) => round(a + b);
  const expFar = (x: number) => exp(Math.max(x, -80));

  /** log(e^a + e^b + e^c) */
  function logSum(a: number, b: number, c: number): number {
    const m = Math.max(a, b, c);
    return add(m, log(add(add(expFar(round(a - m)), expFar(round(b - m))), expFar(round(c - m)))));
  }

  /** The sum over four interleaved chains. */
  function sum(terms: readonly number[]): number {
    const s = [0, 0, 0, 0];
    terms.forEach((term, j) => s[j & 3] = add(s[j & 3], term));
    return add(add(s[0], s[2]), add(s[1], s[3]));
  }

  return {
    ctc(loss, DX, X, labels, sizes, weight, scale, _scratch, blank, zeroInfinity, T, n, lddx, ldx) {
      const f = elements(arena), [steps, S] = arena.ints(sizes, 2), label = arena.ints(labels, S);
      const v = f[weight >> 2], C = 2 * S + 1;
      const fill = (from: number, to: number, value: number) => {
        for (let t = from; DX && t < to; t++) f.fill(value, (DX >> 2) + t * lddx, (DX >> 2) + t * lddx + n);
      };
      fill(0, T, 0);
      f[loss >> 2] = 0;
      if (v === 0) return;
      const states = Array.from({ length: C }, (_, s) => s & 1 ? label[s >> 1] : blank);
      const skip = states.map((k, s) => s & 1 && s > 1 && k !== states[s - 2] ? 0 : IMPOSSIBLE);
      const softmax = Array.from({ length: steps }, (_, t) => {
        const x = Array.from(f.subarray((X >> 2) + t * ldx, (X >> 2) + t * ldx + n)), maximum = Math.max(...x);
        const e = states.map((k) => Math.max(IMPOSSIBLE, round(x[k] - maximum)));
        const exponentials = x.map((logit) => exp(round(logit - maximum)));
        return { e, exponentials, sum: sum(exponentials) };
      });

      const alpha: number[][] = [];
      let before = states.map((_, s) => s ? IMPOSSIBLE : 0), top = 0, offset = 0; // a double in both modes
      for (const { e, sum } of softmax) {
        offset += top - log(sum) + (sum - sum);
        before = states.map((_, s) => {
          const far = add(before[s - 2] ?? IMPOSSIBLE, skip[s]);
          return add(round(logSum(before[s], before[s - 1] ?? IMPOSSIBLE, far) - top), e[s]);
        });
        top = Math.max(...before);
        alpha.push(before);
      }
      const last = before[C - 1], other = before[C - 2] ?? IMPOSSIBLE, m = Math.max(last, other);
      const logP = offset + add(m, log(add(expFar(round(last - m)), expFar(round(other - m)))));
      const known = !Number.isNaN(logP), fits = m > LEAST || !known;
      f[loss >> 2] = fits ? -logP * v : (zeroInfinity ? 0 : Infinity) * v;
      if (!fits || !known) return fill(0, steps, fits || !zeroInfinity ? NaN : 0);
      if (!DX) return;

      const factor = round(v * f[scale >> 2]);
      let after = states.map((_, s) => s === C - 1 ? 0 : IMPOSSIBLE);
      top = 0;
      for (let t = steps - 1; t >= 0; t--) {
        const { e, exponentials, sum: total } = softmax[t], dx = (DX >> 2) + t * lddx;
        const q = states.map((_, s) => {
          const far = add(after[s + 2] ?? IMPOSSIBLE, skip[s + 2] ?? IMPOSSIBLE);
          return round(logSum(after[s], after[s + 1] ?? IMPOSSIBLE, far) - top);
        });
        after = q.map((value, s) => add(value, e[s]));
        top = Math.max(...after);
        const both = q.map((value, s) => add(alpha[t][s], value)), most = Math.max(...both);
        const gamma = both.map((value) => expFar(round(value - most))), all = sum(gamma);
        states.forEach((k, s) => f[dx + k] += gamma[s]);
        for (let k = 0; k < n; k++) {
          f[dx + k] = round(round(exponentials[k] / total) - round(f[dx + k] / all)) * factor;
        }
      }
    },
  };
}
