import { requireInteger } from "../errors.ts";
import { count, readOptions, type Table } from "../options.ts";
import { uniform } from "../ops/initialise.ts";
import { forEachLength, requireSteps, requireValues } from "../ops/value.ts";
import { projection } from "../ops/projection.ts";
import type { Layer } from "./layer.ts";

/** Options of `attentionPool`. */
export interface AttentionPoolOptions {
  /**
   * Width of the keys u and of the learned query.
   *
   * @default {width}
   */
  hidden?: number;
}

const ATTENTION_POOL = { hidden: [count] } satisfies Table<AttentionPoolOptions>;

/**
 * One row for a whole sequence: the mean of its steps, weighted by how well each step fits a learned query (Yang et al.
 * 2016, "Hierarchical attention networks", equations 5 to 7; the score is Bahdanau's). Takes values `[T, B, width]`,
 * gives `[B, width]`. Steps after a row's length do not count.
 *
 *     u(t) = tanh(W x(t) + b)      s(t) = v u(t)      a = softmax(s) over t      y = sum_t a(t) x(t)
 *
 * Backward:
 *
 *     da(t) = dy x(t)      ds = a (da - sum_t a(t) da(t))      dz(t) = ds(t) v (1 - u(t)²)
 *     dx(t) = a(t) dy + Wᵀ dz(t)      dv = sum ds(t) u(t),   dW = sum dz(t) x(t)ᵀ,   db = sum dz(t)
 *
 * Parameters `weight` W `[hidden, width]` and `bias` b `[hidden]`, initially uniform in ±1 / sqrt(width), and `query` v
 * `[hidden]`, initially uniform in ±1 / sqrt(hidden).
 *
 * @throws {OptionError} When a width is not a positive integer.
 *
 * @example
 * ```ts
 * import { dense, gru, recurrent, sequential } from "@unroll/rnn";
 * import { attentionPool } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const net = sequential({
 *   rnn: recurrent(gru(), { input: 5, hidden: 16, bidirectional: true }),
 *   attention: attentionPool(32, { hidden: 24 }),
 *   decoder: dense(32, 2),
 * });
 * assertEquals(net.parameters["attention.query"].shape, [24]);
 * ```
 */
export function attentionPool(width: number, options: AttentionPoolOptions = {}): Layer {
  requireInteger("width", width, 1);
  const { hidden = width } = readOptions("attentionPool", ATTENTION_POOL, options);
  const initial = uniform(1 / Math.sqrt(width));
  return {
    description: { kind: "attentionPool" },
    input: { kind: "values", width },
    output: { kind: "values", width, steps: "one" },
    parameters: {
      weight: { shape: [hidden, width], initial },
      bias: { shape: [hidden], initial },
      query: { shape: [hidden], initial: uniform(1 / Math.sqrt(hidden)) },
    },
    wholeSequence: "an attention pooling layer",

    plan(scope, x) {
      requireValues("plan an attention pooling layer", x);
      requireSteps("plan an attention pooling layer", x);
      const { batch, steps, train } = scope, { stride: ldx } = x.value;
      const bias = scope.parameter("bias"), v = scope.parameter("query"), one = scope.constant("one", [1]);
      const toKeys = projection(scope, x, scope.parameter("weight"), bias.value);
      const u = scope.activation("keys", steps * batch, hidden);
      const a = scope.activation("attention", batch, steps); // step t is column t; holds the scores before the softmax
      const y = scope.activation("output", batch, width);
      const dz = train ? scope.activation("gradient of keys", steps * batch, hidden) : u;
      const ds = train ? scope.activation("gradient of attention", batch, steps) : a;
      const dy = train ? scope.activation("gradient of output", batch, width) : y;
      const workspace = scope.workspace(Math.min(batch, 256) * (Math.ceil(hidden / 8) * 8 + 5));
      return {
        output: { kind: "values", width, steps: "one", value: y, gradient: dy },
        states: [],
        refresh: (k) => toKeys.refresh(k),

        forward(k, shape) {
          const { T, B, active } = shape;
          toKeys.forward(k, u, 0, T * B);
          k.tanh(u.address, u.address, T * B, hidden, u.stride, u.stride);
          for (let t = 0; t < T && active(t); t++) {
            k.rowDots(a.address + 4 * t, u.step(t, B), v.value.address, active(t), hidden, a.stride, u.stride, 0);
          }
          forEachLength(shape, (length, row, rows) => {
            k.softmax(a.at(row), a.at(row), one.address, rows, length, a.stride, a.stride);
          });
          for (let t = 0; t < T && active(t); t++) {
            const from = [a.address + 4 * t, x.value.step(t, B)] as const;
            k.scaleRows(y.address, ...from, active(t), width, y.stride, a.stride, ldx, t ? 1 : 0);
          }
        },

        backward(k, shape) {
          const { T, B, active } = shape, dx = x.gradient;
          for (let t = 0; t < T && active(t); t++) {
            k.rowDots(ds.address + 4 * t, x.value.step(t, B), dy.address, active(t), width, ds.stride, ldx, dy.stride);
          }
          forEachLength(shape, (length, row, rows) => {
            const at = ds.at(row);
            k.softmaxBackward(at, at, a.at(row), rows, length, ds.stride, ds.stride, a.stride);
          });
          for (let t = 0; t < T; t++) {
            const n = active(t), from = [ds.address + 4 * t, v.value.address] as const;
            if (n) k.scaleRows(dz.step(t, B), ...from, n, hidden, dz.stride, ds.stride, 0, 0);
            if (n < B) k.zero(dz.at(dz.row(t, B) + n), B - n, hidden, dz.stride);
          }
          k.tanhBackward(dz.address, dz.address, u.address, T * B, hidden, dz.stride, dz.stride, u.stride);
          toKeys.backward(k, dz, 0, T * B);
          for (let t = 0; dx && t < T && active(t); t++) {
            const from = [a.address + 4 * t, dy.address] as const;
            k.scaleRows(dx.step(t, B), ...from, active(t), width, dx.stride, a.stride, dy.stride, 1);
          }
        },

        gradients(k, { T, B, active }) {
          toKeys.gradient(k, dz, T * B, bias.gradient);
          for (let t = T - 1; t >= 0; t--) {
            const n = active(t), from = [ds.address + 4 * t, u.step(t, B), workspace.address] as const;
            if (n) k.gemmTN(v.gradient.address, 0, ...from, 1, hidden, n, hidden, ds.stride, u.stride);
          }
        },
      };
    },
  };
}
