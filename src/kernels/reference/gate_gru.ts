/** Reference kernels of assembly/gate_gru.ts: the gates of a GRU, one time step, in both of its forms. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { sigmoidGradient, tanhGradient } from "./activation.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";

type Gru =
  | "gruForward"
  | "gruBackward"
  | "gruResetForward"
  | "gruUpdateForward"
  | "gruUpdateBackward"
  | "gruResetBackward";

/** Call `step` for every element, with its index in a `[B, H]` matrix and the index of its first gate in z. */
function eachElement(
  z: number,
  B: number,
  H: number,
  ldz: number,
  ldh: number,
  step: (at: number, gates: number) => void,
): void {
  for (let b = 0; b < B; b++) {
    for (let j = 0; j < H; j++) step(b * ldh + j, (z >> 2) + b * ldz + j);
  }
}

export function gruKernels(arena: Arena, numbers: NumberMode): Pick<Kernels, Gru> {
  const { round, sigmoid, tanh } = numbers;

  /** n + u (hPrev - n) */
  function mix(u: number, hPrev: number, n: number): number {
    return round(n + round(u * round(hPrev - n)));
  }

  return {
    gruForward(h, z, hPrev, B, H, ldz, ldh) {
      const f = elements(arena);
      eachElement(z, B, H, ldz, ldh, (at, gates) => {
        const r = sigmoid(f[gates]), u = sigmoid(f[gates + H]);
        const n = tanh(round(f[gates + 2 * H] + round(r * f[gates + 3 * H])));
        f[gates] = r, f[gates + H] = u, f[gates + 2 * H] = n;
        f[(h >> 2) + at] = mix(u, f[(hPrev >> 2) + at], n);
      });
    },
    gruBackward(z, dhPrev, dh, hPrev, B, H, ldz, ldh) {
      const f = elements(arena);
      eachElement(z, B, H, ldz, ldh, (at, gates) => {
        const r = f[gates], u = f[gates + H], n = f[gates + 2 * H], nh = f[gates + 3 * H], d = f[(dh >> 2) + at];
        const dn = tanhGradient(round(d - round(d * u)), n, numbers);
        f[gates] = sigmoidGradient(round(dn * nh), r, numbers);
        f[gates + H] = sigmoidGradient(round(d * round(f[(hPrev >> 2) + at] - n)), u, numbers);
        f[gates + 2 * H] = dn, f[gates + 3 * H] = dn * r;
        f[(dhPrev >> 2) + at] += round(d * u);
      });
    },
    gruResetForward(rh, z, hPrev, B, H, ldz, ldh) {
      const f = elements(arena);
      eachElement(z, B, H, ldz, ldh, (at, gates) => {
        const r = sigmoid(f[gates]);
        f[gates] = r, f[(rh >> 2) + at] = r * f[(hPrev >> 2) + at];
      });
    },
    gruUpdateForward(h, z, hPrev, B, H, ldz, ldh) {
      const f = elements(arena);
      eachElement(z, B, H, ldz, ldh, (at, gates) => {
        const u = sigmoid(f[gates + H]), n = tanh(f[gates + 2 * H]);
        f[gates + H] = u, f[gates + 2 * H] = n;
        f[(h >> 2) + at] = mix(u, f[(hPrev >> 2) + at], n);
      });
    },
    gruUpdateBackward(z, dhPrev, dh, hPrev, B, H, ldz, ldh) {
      const f = elements(arena);
      eachElement(z, B, H, ldz, ldh, (at, gates) => {
        const u = f[gates + H], n = f[gates + 2 * H], d = f[(dh >> 2) + at];
        f[gates + H] = sigmoidGradient(round(d * round(f[(hPrev >> 2) + at] - n)), u, numbers);
        f[gates + 2 * H] = tanhGradient(round(d - round(d * u)), n, numbers);
        f[(dhPrev >> 2) + at] += round(d * u);
      });
    },
    gruResetBackward(z, dhPrev, drh, hPrev, B, H, ldz, ldh) {
      const f = elements(arena);
      eachElement(z, B, H, ldz, ldh, (at, gates) => {
        const r = f[gates], d = f[(drh >> 2) + at];
        f[gates] = sigmoidGradient(round(d * f[(hPrev >> 2) + at]), r, numbers);
        f[(dhPrev >> 2) + at] += round(d * r);
      });
    },
  };
}
