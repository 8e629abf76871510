import { separateBiases, summedBias } from "../ops/bias.ts";
import { type Cell, type CellContext, gateParameters, type PlannedCell } from "./cell.ts";
import { type GruOptions, type GruSettings, gruSettings } from "./gru_options.ts";
import { gruGates } from "./gru_variant.ts";

/**
 * Gated recurrent unit (Cho et al. 2014). Gate order r, u, n (PyTorch calls u z):
 *
 *     r, u = sigmoid(x W_ihᵀ + b_ih + h' W_hhᵀ + b_hh)          h' is the state before the step
 *     n    = tanh(x W_inᵀ + b_in + r (h' W_hnᵀ + b_hn))         reset "after": version 1 of the paper, cuDNN, PyTorch
 *     n    = tanh(x W_inᵀ + b_in + b_hn + (r h') W_hnᵀ)         reset "before": version 3, the notes, ONNX's default
 *     h    = (1 - u) n + u h'
 *
 * The update gate of the lecture notes is 1 - u (`notesGru`). Backward, with dh the gradient of h and a' the gradient
 * of a before activation:
 *
 *     dn' = dh (1 - u) (1 - n²),   du' = dh (h' - n) u (1 - u)
 *     after:   dr' = dn' (h' W_hnᵀ + b_hn) r (1 - r),   dh' = dh u + [dr', du', dn' r] W_hh
 *     before:  q = dn' W_hn,   dr' = q h' r (1 - r),    dh' = dh u + q r + [dr', du'] W_hh
 *
 * Other nonlinearities and clip: gru_variant.ts.
 *
 * Memory per step in training, in floats: 4 B H for the gates, B H for h, B H for the gradient of h; with `clip` or
 * other nonlinearities, up to 3 B H for the gates' arguments.
 *
 * @throws {OptionError} When an option has an unknown value.
 *
 * @example
 * ```ts
 * import { gru, recurrent } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const rnn = recurrent(gru({ reset: "before" }), { input: 5, hidden: 7 });
 * assertEquals(rnn.parameters.weight_hh_l0.shape, [21, 7]);
 * ```
 */
export function gru(options: GruOptions = {}): Cell {
  const settings = gruSettings(options), after = settings.reset === "after";
  return {
    name: settings.name,
    description: { kind: "gru", ...settings },
    gates: 3,
    columns: after ? 4 : 3,
    states: (H) => ({ h: H }),
    parameters: (I, H) => gateParameters(3, I, H, settings.bias),
    plan: (context) => after ? planAfter(context, settings) : planBefore(context, settings),
  };
}

/** z has a fourth block nh = h' W_hnᵀ + b_hn, because r scales nh before nh is added to the projection's n. */
function planAfter(context: CellContext, settings: GruSettings): PlannedCell {
  const { scope, H, z, states: [h], gradients: [dh], recurrentLinear } = context;
  const biases = separateBiases(scope, H, settings.bias);
  const resetUpdate = recurrentLinear("weight_hh", { rows: { from: 0, count: 2 * H } });
  const candidate = recurrentLinear("weight_hh", { rows: { from: 2 * H, count: H }, bias: biases.candidate });
  const zru = z.slice(0, 2 * H), znh = z.slice(3 * H, H);
  const variant = settings.plain ? undefined : gruGates(context, settings);
  return {
    bias: biases.sum,

    refresh(k) {
      resetUpdate.refresh(k);
      candidate.refresh(k);
      biases.refresh(k);
    },

    forward(k, t, B, n) {
      resetUpdate.forward(k, zru, t, B, n);
      candidate.forward(k, znh, t, B, n);
      variant?.reset(k, t, B, n);
      if (variant) variant.update(k, t, B, n);
      else k.gruForward(h.step(t + 1, B), z.step(t, B), h.step(t, B), n, H, z.stride, h.stride);
    },

    backward(k, t, B, n) {
      variant?.updateBackward(k, t, B, n);
      if (variant) variant.resetBackward(k, t, B, n);
      else k.gruBackward(z.step(t, B), dh.step(t, B), dh.step(t + 1, B), h.step(t, B), n, H, z.stride, h.stride);
      resetUpdate.backward(k, zru, t, B, n);
      candidate.backward(k, znh, t, B, n);
    },

    gradients(k, T, B) {
      resetUpdate.gradient(k, zru, T, B, biases.columnSums?.resetUpdate);
      candidate.gradient(k, znh, T, B, biases.columnSums?.candidate);
      biases.completeGradients(k, z, T * B);
    },
  };
}

/** Two dependent matmuls a step: the candidate's matmul reads r. */
function planBefore(context: CellContext, settings: GruSettings): PlannedCell {
  const { scope, H, z, states: [h], gradients: [dh], recurrentLinear, savedActivation } = context;
  const biases = summedBias(scope, settings.bias);
  const rh = savedActivation("r h", H), drh = scope.activation("gradient of r h", scope.batch, H);
  const resetUpdate = recurrentLinear("weight_hh", { rows: { from: 0, count: 2 * H } });
  const candidate = recurrentLinear("weight_hh", {
    rows: { from: 2 * H, count: H },
    input: { value: rh, gradient: drh },
  });
  const zru = z.slice(0, 2 * H), zn = z.slice(2 * H, H);
  const variant = settings.plain ? undefined : gruGates(context, settings, { value: rh, gradient: drh });
  return {
    bias: biases.sum,

    refresh(k) {
      resetUpdate.refresh(k);
      candidate.refresh(k);
      biases.refresh(k);
    },

    forward(k, t, B, n) {
      resetUpdate.forward(k, zru, t, B, n);
      if (variant) variant.reset(k, t, B, n);
      else k.gruResetForward(rh.step(t, B), z.step(t, B), h.step(t, B), n, H, z.stride, h.stride);
      candidate.forward(k, zn, t, B, n);
      if (variant) variant.update(k, t, B, n);
      else k.gruUpdateForward(h.step(t + 1, B), z.step(t, B), h.step(t, B), n, H, z.stride, h.stride);
    },

    backward(k, t, B, n) {
      if (variant) variant.updateBackward(k, t, B, n);
      else k.gruUpdateBackward(z.step(t, B), dh.step(t, B), dh.step(t + 1, B), h.step(t, B), n, H, z.stride, h.stride);
      candidate.backward(k, zn, t, B, n);
      if (variant) variant.resetBackward(k, t, B, n);
      else k.gruResetBackward(z.step(t, B), dh.step(t, B), drh.address, h.step(t, B), n, H, z.stride, h.stride);
      resetUpdate.backward(k, zru, t, B, n);
    },

    gradients(k, T, B) {
      resetUpdate.gradient(k, zru, T, B, biases.columnSums?.slice(0, 2 * H));
      candidate.gradient(k, zn, T, B, biases.columnSums?.slice(2 * H, H));
      biases.copyGradient(k);
    },
  };
}
