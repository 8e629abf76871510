import { ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { linear } from "./linear.ts";
import { type BatchShape, forEachLength } from "./value.ts";

/**
 * Attention of a decoder's steps to the S steps of its source, the encoder's outputs. With a query q(t) for each step
 * of the decoder, keys k(s) and the encoder's outputs m(s):
 *
 *     a(t) = softmax over s of score(q(t), k(s))          c(t) = sum_s a(t, s) m(s)
 *
 * Backward, one step:
 *
 *     da(s) = dc m(s)      de = a (da - sum_s a(s) da(s))      dm(s) += a(s) dc      then backward through the score
 *
 * Steps after a row's length have weight 0. All operations work row by row, so rows of a batch are independent.
 *
 * Each pair of steps runs one kernel an operation. In a training step with GRUs of 256 (the encoder in both
 * directions), S = T = 30 and B = 32, these kernels take about a sixth of the time with "dot", a third with
 * "additive"; the rest is matmuls (EPYC Milan, Deno 2.9.6, 2026-11-27).
 */
export interface Attention {
  /** The operations before and after all steps, for `needs.attention`. */
  readonly hooks: AttentionHooks;
  refresh(k: Kernels): void;
  /** Step t: compute the context of the query. */
  forward(k: Kernels, t: number): void;
  /** Step t: from the gradient of the context, compute the gradient of the query, and add to that of the source. */
  backward(k: Kernels, t: number): void;
  /** Add to the gradients of the parameters. */
  gradients(k: Kernels): void;
}

/** The operations of attention before and after all steps of the decoder. `encoderDecoder` runs them. */
export interface AttentionHooks {
  /** Weights of attention `[T, B, S]`, which the session can read. */
  readonly weights: Slot;
  /** Runs after the encoder: compute the keys. `source` is the shape of the source until the next call. */
  begin(k: Kernels, source: BatchShape): void;
  /** Runs before the first backward step. */
  beginBackward(k: Kernels): void;
  /** Runs after the last backward step: from the gradient of the keys, add to that of the source. */
  endBackward(k: Kernels): void;
}

/** Queries and contexts, a row for each row of the decoder. Gradients in training only. */
export interface AttentionSlots {
  readonly query: Slot;
  readonly dQuery?: Slot;
  readonly context: Slot;
  readonly dContext?: Slot;
}

/** The score of a query and a key, for the first n rows of step s. */
interface Score {
  readonly keys: Slot;
  /** Write the scores. */
  forward(k: Kernels, score: number, stride: number, key: number, query: number, n: number): void;
  /** From the gradients of the scores, add to the gradients of keys and queries. */
  backward(
    k: Kernels,
    dScore: number,
    stride: number,
    key: number,
    dKey: number,
    query: number,
    dQuery: number,
    n: number,
  ): void;
}

/**
 * Plans the attention of a layer or cell to the source of its scope.
 *
 * @param kind `"dot"`: score = q k with the encoder's outputs as keys (Luong et al. 2015). `"additive"`: score = v
 * tanh(q + k) with keys W_k m (Bahdanau et al. 2014) and parameters `weight_key` and `weight_score`. Backward
 * computes the tanh again instead of saving it for T times S steps.
 * @param sourceWidth The expected width of the encoder's outputs.
 * @throws {ShapeError} When the scope has no source, or its width is another one.
 */
export function attention(
  scope: Scope,
  kind: "dot" | "additive",
  sourceWidth: number,
  { query, dQuery, context, dContext }: AttentionSlots,
): Attention {
  const { value: m, gradient: dm, width, steps } = scope.requireSource("attention");
  requireSourceWidth(sourceWidth, width);
  const weights = scope.activation("attention", scope.steps * scope.batch, steps);
  const one = scope.constant("one", [1]);
  const dWeights = scope.train ? scope.activation("gradient of attention", scope.batch, steps) : weights;
  const projected = kind === "additive" ? projectedKeys(scope, query.columns) : undefined;
  const dKeys = projected ? projected.dKeys : dm!;
  const score = projected?.score ?? dot(query, m, dQuery);
  const { keys } = score;
  let source: BatchShape;
  const hooks: AttentionHooks = {
    weights,
    begin(k, shape) {
      source = shape;
      projected?.begin(k, source);
    },
    beginBackward: (k) => projected?.beginBackward(k, source),
    endBackward: (k) => projected?.endBackward(k, source),
  };
  return {
    hooks,
    refresh: (k) => projected?.refresh(k),

    forward(k, t) {
      const { T: S, B, active } = source, a = weights.step(t, B), { stride } = weights, q = query.step(t, B);
      if (active(S - 1) < B) k.zero(a, B, S, stride);
      for (let s = 0; s < S && active(s); s++) score.forward(k, a + 4 * s, stride, keys.step(s, B), q, active(s));
      forEachLength(source, (length, row, rows) => {
        const at = a + 4 * row * stride;
        k.softmax(at, at, one.address, rows, length, stride, stride);
      });
      const c = context.step(t, B);
      for (let s = 0; s < S && active(s); s++) {
        k.scaleRows(c, a + 4 * s, m.step(s, B), active(s), width, context.stride, stride, m.stride, s ? 1 : 0);
      }
    },

    backward(k, t) {
      const { T: S, B, active } = source, a = weights.step(t, B), { stride: lda } = weights;
      const { stride } = dWeights, q = query.step(t, B), dq = dQuery!.step(t, B), dc = dContext!.step(t, B);
      for (let s = 0; s < S && active(s); s++) {
        const from = [m.step(s, B), dc, active(s), width] as const;
        k.rowDots(dWeights.address + 4 * s, ...from, stride, m.stride, dContext!.stride);
        const to = [dm!.step(s, B), a + 4 * s, dc, active(s), width] as const;
        k.scaleRows(...to, dm!.stride, lda, dContext!.stride, 1);
      }
      forEachLength(source, (length, row, rows) => {
        const at = dWeights.at(row);
        k.softmaxBackward(at, at, a + 4 * row * lda, rows, length, stride, stride, lda);
      });
      k.zero(dq, B, query.columns, dQuery!.stride);
      for (let s = 0; s < S && active(s); s++) {
        const key = keys.step(s, B), dKey = dKeys!.step(s, B);
        score.backward(k, dWeights.address + 4 * s, stride, key, dKey, q, dq, active(s));
      }
    },

    gradients: (k) => projected?.gradients(k, source),
  };
}

/** @throws {ShapeError} When the encoder's outputs do not have the width that attention expects. */
export function requireSourceWidth(expected: number, width: number): void {
  if (expected === width) return;
  throw new ShapeError(`Cannot plan attention: "source" is ${expected}, the encoder gives rows of ${width}`);
}

/** score = q k. Backward: dq += ds k, dk += ds q. */
function dot(query: Slot, keys: Slot, dQuery?: Slot): Score {
  const width = query.columns;
  return {
    keys,
    forward(k, score, stride, key, q, n) {
      k.rowDots(score, key, q, n, width, stride, keys.stride, query.stride);
    },
    backward(k, dScore, stride, key, dKey, q, dq, n) {
      k.scaleRows(dq, dScore, key, n, width, dQuery!.stride, stride, keys.stride, 1);
      k.scaleRows(dKey, dScore, q, n, width, keys.stride, stride, query.stride, 1);
    },
  };
}

/**
 * score = v u, u = tanh(q + k), keys k = W_k m. Backward:
 *
 *     dz = ds v (1 - u²)      dq += dz,   dk += dz      dv = sum of ds u,   dm += dk W_k,   dW_k = sum of dk mᵀ
 *
 * dv is summed over steps first, for each row on its own, then over rows, so that rows stay independent.
 */
function projectedKeys(scope: Scope, width: number) {
  const { value: m, gradient: dm, steps } = scope.requireSource("attention"), { batch, train } = scope;
  const matmul = linear(scope, scope.parameter("weight_key")), v = scope.parameter("weight_score");
  const keys = scope.activation("keys", steps * batch, width);
  const u = scope.activation("tanh of query and key", batch, width);
  const dKeys = train ? scope.activation("gradient of keys", steps * batch, width) : undefined;
  const dz = train ? scope.activation("gradient of query and key", batch, width) : u;
  const dv = train ? scope.activation("gradient of weight_score by rows", batch, width) : u;
  const { stride } = u; // all slots of this width have one stride
  /** u = tanh(q + k) */
  function tanhOfSum(k: Kernels, key: number, q: number, n: number): void {
    k.add(u.address, key, q, n, width, stride, stride, stride);
    k.tanh(u.address, u.address, n, width, stride, stride);
  }
  const score: Score = {
    keys,
    forward(k, score, lds, key, q, n) {
      tanhOfSum(k, key, q, n);
      k.rowDots(score, u.address, v.value.address, n, width, lds, stride, 0);
    },
    backward(k, dScore, lds, key, dKey, q, dq, n) {
      tanhOfSum(k, key, q, n);
      k.scaleRows(dv.address, dScore, u.address, n, width, stride, lds, stride, 1);
      k.scaleRows(dz.address, dScore, v.value.address, n, width, stride, lds, 0, 0);
      k.tanhBackward(dz.address, dz.address, u.address, n, width, stride, stride, stride);
      k.add(dq, dq, dz.address, n, width, stride, stride, stride);
      k.add(dKey, dKey, dz.address, n, width, stride, stride, stride);
    },
  };
  return {
    score,
    dKeys,
    refresh: (k: Kernels) => matmul.refresh(k),
    begin: (k: Kernels, { T, B }: BatchShape) => matmul.forward(k, keys, 0, m, 0, T * B),
    beginBackward(k: Kernels, { T, B }: BatchShape) {
      k.zero(dKeys!.address, T * B, width, stride);
      k.zero(dv.address, B, width, stride);
    },
    endBackward: (k: Kernels, { T, B }: BatchShape) => matmul.backward(k, dm!, 0, dKeys!, 0, T * B, true),
    gradients(k: Kernels, { T, B }: BatchShape) {
      matmul.gradient(k, dKeys!, 0, m, 0, T * B);
      k.columnSums(v.gradient.address, dv.address, B, width, stride);
    },
  };
}
