import { OptionError } from "../errors.ts";
import { summedBias } from "../ops/bias.ts";
import { uniform } from "../ops/initialise.ts";
import { linear } from "../ops/linear.ts";
import type { Cell, CellSpace, PlannedCell } from "./cell.ts";

/** Options of `gru`. */
export interface GruOptions {
  /** Whether the reset gate acts after the recurrent product (PyTorch) or before it. Default `"after"`. */
  reset?: "after" | "before";
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
export function gru({ reset = "after" }: GruOptions = {}): Cell {
  if (reset !== "after" && reset !== "before") {
    throw new OptionError(`"reset" must be "after" or "before", got ${JSON.stringify(reset)}`);
  }
  return {
    name: reset === "after" ? "gru" : "gru-reset-before",
    states: ["h"],
    gates: 3,
    columns: reset === "after" ? 4 : 3,

    parameters(I, H) {
      const initial = uniform(1 / Math.sqrt(H));
      return {
        weight_ih: { shape: [3 * H, I], initial },
        weight_hh: { shape: [3 * H, H], initial },
        bias_ih: { shape: [3 * H], initial },
        bias_hh: { shape: [3 * H], initial },
      };
    },

    plan: reset === "after" ? planAfter : planBefore,
  };
}

/** z has a fourth block nh = h' W_hnᵀ + b_hn, which must not meet the projection's n before r has scaled it. */
function planAfter({ scope, H, z, states: [h], gradients: [dh] }: CellSpace): PlannedCell {
  const weight = scope.parameter("weight_hh"), bi = scope.parameter("bias_ih"), bh = scope.parameter("bias_hh");
  const bias = scope.derived("bias", 1, 3 * H);
  const resetUpdate = linear(scope, weight, { rows: { from: 0, count: 2 * H } });
  const candidate = linear(scope, weight, { rows: { from: 2 * H, count: H }, bias: bh.value.slice(2 * H, H) });
  const zru = z.slice(0, 2 * H), znh = z.slice(3 * H, H);
  return {
    bias,

    refresh(k) {
      resetUpdate.refresh(k);
      candidate.refresh(k);
      k.copy(bias.address, bi.value.address, 1, 3 * H, 3 * H, 3 * H);
      k.add(bias.address, bias.address, bh.value.address, 1, 2 * H, 2 * H, 2 * H, 2 * H);
    },

    forward(k, t, B) {
      resetUpdate.forward(k, zru, z.row(t, B), h, h.row(t, B), B, true);
      candidate.forward(k, znh, z.row(t, B), h, h.row(t, B), B);
      k.gruForward(h.step(t + 1, B), z.step(t, B), h.step(t, B), B, H, z.stride, h.stride);
    },

    backward(k, t, B) {
      k.gruBackward(z.step(t, B), dh.step(t, B), dh.step(t + 1, B), h.step(t, B), B, H, z.stride, h.stride);
      resetUpdate.backward(k, dh, dh.row(t, B), zru, z.row(t, B), B, true);
      candidate.backward(k, dh, dh.row(t, B), znh, z.row(t, B), B, true);
    },

    gradients(k, T, B) {
      const rows = T * B;
      resetUpdate.gradient(k, zru, 0, h, h.row(0, B), rows);
      candidate.gradient(k, znh, 0, h, h.row(0, B), rows);
      k.columnSums(bi.gradient.address, z.address, rows, 3 * H, z.stride);
      k.copy(bh.gradient.address, bi.gradient.address, 1, 2 * H, 2 * H, 2 * H);
      k.columnSums(bh.gradient.slice(2 * H, H).address, znh.address, rows, H, z.stride);
    },
  };
}

/** Two dependent products a step: r must be known before the candidate's product starts. */
function planBefore({ scope, H, z, states: [h], gradients: [dh] }: CellSpace): PlannedCell {
  const weight = scope.parameter("weight_hh");
  const bias = summedBias(scope, scope.parameter("bias_ih"), scope.parameter("bias_hh"));
  const resetUpdate = linear(scope, weight, { rows: { from: 0, count: 2 * H } });
  const candidate = linear(scope, weight, { rows: { from: 2 * H, count: H } });
  const zru = z.slice(0, 2 * H), zn = z.slice(2 * H, H);
  const rh = scope.sequence("r h", H), drh = scope.kept("gradient of r h", scope.batch, H);
  return {
    bias: bias.sum,

    refresh(k) {
      resetUpdate.refresh(k);
      candidate.refresh(k);
      bias.refresh(k);
    },

    forward(k, t, B) {
      resetUpdate.forward(k, zru, z.row(t, B), h, h.row(t, B), B, true);
      k.gruResetForward(rh.step(t, B), z.step(t, B), h.step(t, B), B, H, z.stride, h.stride);
      candidate.forward(k, zn, z.row(t, B), rh, rh.row(t, B), B, true);
      k.gruUpdateForward(h.step(t + 1, B), z.step(t, B), h.step(t, B), B, H, z.stride, h.stride);
    },

    backward(k, t, B) {
      k.gruUpdateBackward(z.step(t, B), dh.step(t, B), dh.step(t + 1, B), h.step(t, B), B, H, z.stride, h.stride);
      candidate.backward(k, drh, 0, zn, z.row(t, B), B);
      k.gruResetBackward(z.step(t, B), dh.step(t, B), drh.address, h.step(t, B), B, H, z.stride, h.stride);
      resetUpdate.backward(k, dh, dh.row(t, B), zru, z.row(t, B), B, true);
    },

    gradients(k, T, B) {
      resetUpdate.gradient(k, zru, 0, h, h.row(0, B), T * B);
      candidate.gradient(k, zn, 0, rh, 0, T * B);
      bias.gradient(k, z, T * B);
    },
  };
}
