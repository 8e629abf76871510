import { ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { linear } from "./linear.ts";
import { type BatchShape, forEachLength } from "./value.ts";

/**
 * Attention of a decoder's steps to the S steps of its source: with a query q(t) for each step of the decoder, and keys
 * k(s) and outputs m(s) of the encoder,
 *
 *     a(t) = softmax over s of score(q(t), k(s))          c(t) = sum_s a(t, s) m(s)
 *
 * Backward, one step:
 *
 *     da(s) = dc m(s)      de = a (da - sum_s a(s) da(s))      dm(s) += a(s) dc      and on through the score
 *
 * Steps behind a row's length have weight 0. All is done row by row, so rows of a batch are as independent here as elsewhere.
 *
 * One kernel an operation, for each pair of steps: of a training step with GRUs of 256 (the encoder in both directions), S = T = 30 and
 * B = 32 that is about a sixth of the time with "dot", a third with "additive"; the rest is products (EPYC Milan, Deno
 * 2.9.6, 2026-11-27).
 */
export interface Attention {
  /** Runs before and after all steps; for `needs.attention`. */
  readonly hooks: AttentionHooks;
  refresh(k: Kernels): void;
  /** Step t: from its query to its context. */
  forward(k: Kernels, t: number): void;
  /** Step t: from the gradient of its context to that of its query, and of the source. */
  backward(k: Kernels, t: number): void;
  /** The parameters' gradients. */
  gradients(k: Kernels): void;
}

/** What attention does once for all steps: called by the layer that has encoder and decoder. */
export interface AttentionHooks {
  /** `[T, B, S]` weights of attention, which the session can read. */
  readonly weights: Slot;
  /** The encoder has run: make the keys. The source has this shape until the next time. */
  begin(k: Kernels, source: BatchShape): void;
  /** Before the first step that runs backward. */
  beginBackward(k: Kernels): void;
  /** After the last one: from the gradient of the keys to that of the source. */
  endBackward(k: Kernels): void;
}

/** What attention reads and writes, a row for each row of the decoder: gradients when training. */
export interface AttentionSlots {
  readonly query: Slot;
  readonly dQuery?: Slot;
  readonly context: Slot;
  readonly dContext?: Slot;
}

/** Compares queries with keys, the first n rows of step s. */
interface Score {
  readonly keys: Slot;
  forward(k: Kernels, score: number, stride: number, key: number, query: number, n: number): void;
  /** From the gradient of a score: adds to those of key and query. */
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
 * The attention of a layer or cell, to the source of its scope, whose rows are expected to have `given` elements. `"dot"`: score = q k, the keys being the encoder's
 * outputs (Luong et al. 2015). `"additive"`: score = v tanh(q + k) with keys W_k m (Bahdanau et al. 2014), parameters
 * `weight_key` and `weight_score`; what is under the tanh is computed again in backward, not kept for T times S steps.
 */
export function attention(
  scope: Scope,
  kind: "dot" | "additive",
  given: number,
  { query, dQuery, context, dContext }: AttentionSlots,
): Attention {
  const { value: m, gradient: dm, width, steps } = scope.requireSource("attention");
  requireSourceWidth(given, width);
  const weights = scope.activation("attention", scope.steps * scope.batch, steps), one = scope.constant("one", [1]);
  const dWeights = scope.train ? scope.activation("gradient of attention", scope.batch, steps) : weights;
  const keyed = kind === "additive" ? projectedKeys(scope, query.columns) : undefined;
  const dKeys = keyed ? keyed.dKeys : dm!;
  const score = keyed?.score ?? dot(query, m, dQuery);
  const { keys } = score;
  let source: BatchShape;
  const reader: AttentionHooks = {
    weights,
    begin(k, shape) {
      source = shape;
      keyed?.begin(k, source);
    },
    beginBackward: (k) => keyed?.beginBackward(k, source),
    endBackward: (k) => keyed?.endBackward(k, source),
  };
  return {
    hooks: reader,
    refresh: (k) => keyed?.refresh(k),

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

    gradients: (k) => keyed?.gradients(k, source),
  };
}

/**
 * Nothing, when the encoder gives rows of the width that attention expects.
 *
 * @throws {ShapeError} Otherwise.
 */
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
 * The sum of dv is taken by rows first, so that rows stay apart.
 */
function projectedKeys(scope: Scope, width: number) {
  const { value: m, gradient: dm, steps } = scope.requireSource("attention"), { batch, train } = scope;
  const product = linear(scope, scope.parameter("weight_key")), v = scope.parameter("weight_score");
  const keys = scope.activation("keys", steps * batch, width),
    u = scope.activation("tanh of query and key", batch, width);
  const dKeys = train ? scope.activation("gradient of keys", steps * batch, width) : undefined;
  const dz = train ? scope.activation("gradient of query and key", batch, width) : u;
  const dv = train ? scope.activation("gradient of weight_score by rows", batch, width) : u;
  const { stride } = u; // that of all slots of this width
  function add(k: Kernels, key: number, q: number, n: number): void {
    k.add(u.address, key, q, n, width, stride, stride, stride);
    k.tanh(u.address, u.address, n, width, stride, stride);
  }
  const score: Score = {
    keys,
    forward(k, score, lds, key, q, n) {
      add(k, key, q, n);
      k.rowDots(score, u.address, v.value.address, n, width, lds, stride, 0);
    },
    backward(k, dScore, lds, key, dKey, q, dq, n) {
      add(k, key, q, n);
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
    refresh: (k: Kernels) => product.refresh(k),
    begin: (k: Kernels, { T, B }: BatchShape) => product.forward(k, keys, 0, m, 0, T * B),
    beginBackward(k: Kernels, { T, B }: BatchShape) {
      k.zero(dKeys!.address, T * B, width, stride);
      k.zero(dv.address, B, width, stride);
    },
    endBackward: (k: Kernels, { T, B }: BatchShape) => product.backward(k, dm!, 0, dKeys!, 0, T * B, true),
    gradients(k: Kernels, { T, B }: BatchShape) {
      product.gradient(k, dKeys!, 0, m, 0, T * B);
      k.columnSums(v.gradient.address, dv.address, B, width, stride);
    },
  };
}
