/** Reference kernels of assembly/gate_lstm.ts: the gates of an LSTM, one time step. */
import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { sigmoidGradient, tanhGradient } from "./activation.ts";
import { elements } from "./elements.ts";
import type { NumberMode } from "./number_mode.ts";

export function lstmKernels(arena: Arena, numbers: NumberMode): Pick<Kernels, "lstmForward" | "lstmBackward"> {
  const { round, sigmoid, tanh } = numbers;
  return {
    lstmForward(h, c, tc, z, cPrev, B, H, ldz, ldh) {
      const F = elements(arena);
      for (let b = 0; b < B; b++) {
        for (let j = 0; j < H; j++) {
          const at = b * ldh + j, gates = (z >> 2) + b * ldz + j;
          const i = sigmoid(F[gates]), f = sigmoid(F[gates + H]);
          const g = tanh(F[gates + 2 * H]), o = sigmoid(F[gates + 3 * H]);
          const cell = round(round(f * F[(cPrev >> 2) + at]) + round(i * g));
          const t = tanh(cell);
          F[gates] = i, F[gates + H] = f, F[gates + 2 * H] = g, F[gates + 3 * H] = o;
          F[(c >> 2) + at] = cell, F[(tc >> 2) + at] = t, F[(h >> 2) + at] = o * t;
        }
      }
    },
    lstmBackward(z, dc, dh, tc, cPrev, B, H, ldz, ldh) {
      const F = elements(arena);
      for (let b = 0; b < B; b++) {
        for (let j = 0; j < H; j++) {
          const at = b * ldh + j, gates = (z >> 2) + b * ldz + j;
          const i = F[gates], f = F[gates + H], g = F[gates + 2 * H], o = F[gates + 3 * H];
          const dht = F[(dh >> 2) + at], t = F[(tc >> 2) + at];
          const dct = round(F[(dc >> 2) + at] + tanhGradient(round(dht * o), t, numbers));
          F[gates] = sigmoidGradient(round(dct * g), i, numbers);
          F[gates + H] = sigmoidGradient(round(dct * F[(cPrev >> 2) + at]), f, numbers);
          F[gates + 2 * H] = tanhGradient(round(dct * i), g, numbers);
          F[gates + 3 * H] = sigmoidGradient(round(dht * t), o, numbers);
          F[(dc >> 2) + at] = dct * f;
        }
      }
    },
  };
}
