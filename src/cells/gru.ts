import { OptionError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { summedBias } from "../ops/bias.ts";
import { type Cell, type CellSpace, gateParameters, type PlannedCell } from "./cell.ts";

/** Options of `gru`. */
export interface GruOptions {
  /** Whether the reset gate acts after the recurrent product (PyTorch) or before it. Default `"after"`. */
  reset?: "after" | "before";
  /** Whether there are biases. Default true. */
  bias?: boolean;
}

/**
 * Gated recurrent unit (Cho et al. 2014). Gate order r, u, n (PyTorch calls u z):
 *
 *     r, u = sigmoid(x W_ihᵀ + b_ih + h' W_hhᵀ + b_hh)          h' is the state before the step
 *     n    = tanh(x W_inᵀ + b_in + r (h' W_hnᵀ + b_hn))         reset "after": version 1 of the paper, cuDNN, PyTorch
 *     n    = tanh(x W_inᵀ + b_in + b_hn + (r h') W_hnᵀ)         reset "before": version 3, the notes, ONNX's default
 *     h    = (1 - u) n + u h'
 *
 * The notes mirror the update gate: theirs is 1 - u. Backward, with dh the gradient of h and a' that of a before activation:
 *
 *     dn' = dh (1 - u) (1 - n²),   du' = dh (h' - n) u (1 - u)
 *     after:   dr' = dn' (h' W_hnᵀ + b_hn) r (1 - r),   dh' = dh u + [dr', du', dn' r] W_hh
 *     before:  q = dn' W_hn,   dr' = q h' r (1 - r),    dh' = dh u + q r + [dr', du'] W_hh
 *
 * Memory per step in training, in floats: 4 B H gates, B H for h, B H for its gradient.
 */
export function gru({ reset = "after", bias = true }: GruOptions = {}): Cell {
  if (reset !== "after" && reset !== "before") {
    throw new OptionError(`"reset" must be "after" or "before", got ${JSON.stringify(reset)}`);
  }
  return {
    name: `gru${reset === "after" ? "" : "-reset-before"}${bias ? "" : "-no-bias"}`,
    gates: 3,
    columns: reset === "after" ? 4 : 3,
    states: (H) => ({ h: H }),
    parameters: (I, H) => gateParameters(3, I, H, bias),
    plan: (space) => reset === "after" ? planAfter(space, bias) : planBefore(space, bias),
  };
}

/** z has a fourth block nh = h' W_hnᵀ + b_hn, which must not meet the projection's n before r has scaled it. */
function planAfter({ scope, H, z, states: [h], gradients: [dh], product }: CellSpace, bias: boolean): PlannedCell {
  const biases = bias ? separateBiases(scope, H) : undefined;
  const resetUpdate = product("weight_hh", { rows: { from: 0, count: 2 * H } });
  const candidate = product("weight_hh", { rows: { from: 2 * H, count: H }, bias: biases?.candidate ?? null });
  const zru = z.slice(0, 2 * H), znh = z.slice(3 * H, H);
  return {
    bias: biases?.sum,

    refresh(k) {
      resetUpdate.refresh(k);
      candidate.refresh(k);
      biases?.refresh(k);
    },

    forward(k, t, B, n) {
      resetUpdate.forward(k, zru, t, B, n);
      candidate.forward(k, znh, t, B, n);
      k.gruForward(h.step(t + 1, B), z.step(t, B), h.step(t, B), n, H, z.stride, h.stride);
    },

    backward(k, t, B, n) {
      k.gruBackward(z.step(t, B), dh.step(t, B), dh.step(t + 1, B), h.step(t, B), n, H, z.stride, h.stride);
      resetUpdate.backward(k, zru, t, B, n);
      candidate.backward(k, znh, t, B, n);
    },

    gradients(k, T, B) {
      resetUpdate.gradient(k, zru, T, B);
      candidate.gradient(k, znh, T, B);
      biases?.gradient(k, z, T * B);
    },
  };
}

/** b_ih and b_hh, summed for r and u, apart for n. */
function separateBiases(scope: Scope, H: number) {
  const bi = scope.parameter("bias_ih"), bh = scope.parameter("bias_hh");
  const sum = scope.derived("bias", 1, 3 * H);
  return {
    sum,
    candidate: bh.value.slice(2 * H, H),
    refresh(k: Kernels) {
      k.copy(sum.address, bi.value.address, 1, 3 * H, 3 * H, 3 * H);
      k.add(sum.address, sum.address, bh.value.address, 1, 2 * H, 2 * H, 2 * H, 2 * H);
    },
    gradient(k: Kernels, dz: Slot, rows: number) {
      k.columnSums(bi.gradient.address, dz.address, rows, 3 * H, dz.stride);
      k.copy(bh.gradient.address, bi.gradient.address, 1, 2 * H, 2 * H, 2 * H);
      k.columnSums(bh.gradient.slice(2 * H, H).address, dz.slice(3 * H, H).address, rows, H, dz.stride);
    },
  };
}

/** Two dependent products a step: r must be known before the candidate's product starts. */
function planBefore(
  { scope, H, z, states: [h], gradients: [dh], product, keep }: CellSpace,
  bias: boolean,
): PlannedCell {
  const sum = summedBias(scope, bias);
  const rh = keep("r h", H), drh = scope.kept("gradient of r h", scope.batch, H);
  const resetUpdate = product("weight_hh", { rows: { from: 0, count: 2 * H } });
  const candidate = product("weight_hh", { rows: { from: 2 * H, count: H }, of: { value: rh, gradient: drh } });
  const zru = z.slice(0, 2 * H), zn = z.slice(2 * H, H);
  return {
    bias: sum.sum,

    refresh(k) {
      resetUpdate.refresh(k);
      candidate.refresh(k);
      sum.refresh(k);
    },

    forward(k, t, B, n) {
      resetUpdate.forward(k, zru, t, B, n);
      k.gruResetForward(rh.step(t, B), z.step(t, B), h.step(t, B), n, H, z.stride, h.stride);
      candidate.forward(k, zn, t, B, n);
      k.gruUpdateForward(h.step(t + 1, B), z.step(t, B), h.step(t, B), n, H, z.stride, h.stride);
    },

    backward(k, t, B, n) {
      k.gruUpdateBackward(z.step(t, B), dh.step(t, B), dh.step(t + 1, B), h.step(t, B), n, H, z.stride, h.stride);
      candidate.backward(k, zn, t, B, n);
      k.gruResetBackward(z.step(t, B), dh.step(t, B), drh.address, h.step(t, B), n, H, z.stride, h.stride);
      resetUpdate.backward(k, zru, t, B, n);
    },

    gradients(k, T, B) {
      resetUpdate.gradient(k, zru, T, B);
      candidate.gradient(k, zn, T, B);
      sum.gradient(k, z, T * B);
    },
  };
}
