import type { Case } from "./read_cases.ts";
import type { Result } from "./kind.ts";

/** Half the last bit of an f32 number as large as the tolerance, as its share: PyTorch may be exact by chance. */
const LEAST = 2 ** -24;

/** More of float32 PyTorch's own error than this deserves a look, even within the tolerance. */
const SUSPICIOUS = 20;

/** How a case went. */
export interface Verdict {
  readonly passed: boolean;
  /** The largest error as a share of its tolerance, and the result it is in. */
  readonly share: number;
  readonly worst: string;
  /** The largest error in units of that of float32 PyTorch; undefined when the case does not tell. */
  readonly times?: number;
  readonly suspicious: boolean;
}

/** Judges all that a case gave; without results it has not passed. */
export function judge(test: Case, results: readonly Result[]): Verdict {
  let share = results.length ? 0 : Infinity, worst = "nothing", times: number | undefined;
  for (const result of results) {
    const here = largestShare(result), other = torchShare(test, result.name);
    if (here >= share) [share, worst] = [here, `${result.name}, ${result.arithmetic}`];
    if (other !== undefined && here > 0) times = Math.max(times ?? 0, here / Math.max(other, LEAST));
  }
  return { passed: share <= 1, share, worst, times, suspicious: times !== undefined && times > SUSPICIOUS };
}

/** In words: how far off, where, and against PyTorch. */
export function describe({ share, worst, times, suspicious }: Verdict): string {
  const against = times === undefined ? "" : `, ${times.toPrecision(2)} times float32 PyTorch`;
  const finding = suspicious ? ` FINDING: more than ${SUSPICIOUS} times` : "";
  return `${share.toPrecision(2)} of the tolerance (${worst})${against}${finding}`;
}

/** The largest error of a tensor over atol + rtol |want|; infinite for NaN and for another length. */
export function largestShare({ got, want, tolerance: { atol, rtol } }: Result): number {
  if (got.length !== want.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < want.length; i++) {
    const error = Math.abs(got[i] - want[i]);
    if (error === 0) continue;
    const share = error / (atol + rtol * Math.abs(want[i]));
    largest = Math.max(largest, Number.isNaN(share) ? Infinity : share);
  }
  return largest;
}

/** The same for float32 PyTorch, of all tensors, or, in training, of the result's group. */
function torchShare({ tolerance }: Case, name: string): number | undefined {
  const measured = tolerance?.measured_float32_torch;
  if (!measured) return undefined;
  const [prefix] = name.split(".");
  return (measured.max_ratio === undefined ? measured[prefix] ?? measured.loss_and_norm : measured)?.max_ratio;
}
