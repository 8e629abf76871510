import { OptionError, requireInteger } from "../errors.ts";
import { count, readOptions, REQUIRED, type Table } from "../options.ts";
import { attention } from "../ops/attention.ts";
import { type Parameter, uniform } from "../ops/initialise.ts";
import { linear } from "../ops/linear.ts";
import { requireValues } from "../ops/value.ts";
import type { Layer } from "./layer.ts";

/** Options of `luong`. */
export interface LuongOptions {
  /** Width M of the encoder's outputs. */
  source: number;
  /**
   * The score of a state and an output of the encoder: see `luong`.
   *
   * @default {"general"}
   */
  score?: "dot" | "general" | "concat";
  /**
   * Width of the output.
   *
   * @default {width}
   */
  output?: number;
}

const LUONG = {
  source: [count, REQUIRED],
  score: [["dot", "general", "concat"], "general"],
  output: [count],
} satisfies Table<LuongOptions>;

/**
 * Luong's global attention (Luong, Pham & Manning 2015, "Effective approaches to attention-based neural machine
 * translation", section 3.1) of the outputs h(t) of a decoder's recurrent layers to the outputs m(1) ... m(S) of the
 * encoder. Takes values `[T, B, width]`, gives `[T, B, output]`.
 *
 *     e(t, s) = h(t) m(s)                              "dot", of equal widths
 *     e(t, s) = q(t) m(s),  q = h W_qᵀ                 "general": the paper's W_a is W_qᵀ
 *     e(t, s) = v tanh(h(t) W_qᵀ + m(s) W_kᵀ)          "concat": the paper's W_a is W_q beside W_k
 *     a(t) = softmax(e(t)) over s,   c(t) = sum_s a(t, s) m(s)
 *     y(t) = tanh([c(t), h(t)] Wᵀ)
 *
 * Backward, with dz = dy (1 - y²):
 *
 *     [dc, dh] = dz W,   dW = sum of dzᵀ [c, h]
 *     da(s) = dc m(s),   de = a (da - sum_s a(s) da(s)),   dm(s) += a(s) dc
 *     dot:      dh += sum_s de(s) m(s),   dm(s) += de(s) h             general: q for h, then dh += dq W_q
 *     concat:   du(s) = de(s) v (1 - u(s)²),   dh += sum_s du(s) W_q,   dm(s) += du(s) W_k,   u the tanh above
 *
 * Parameters `weight` W `[output, M + width]`; `weight_query` W_q `[M, width]` ("general") or `[width, width]`
 * ("concat"); `weight_key` W_k `[width, M]` and `weight_score` v `[width]` ("concat"). Initially uniform in
 * ±1 / sqrt(columns).
 *
 * @throws {OptionError} When a width is not a positive integer, the score is unknown, or the widths differ with
 * `"dot"`.
 * @throws {ShapeError} When the layer is planned outside of an `encoderDecoder`'s decoder.
 *
 * @example
 * ```ts
 * import { luong } from "@unroll/rnn/models";
 * import { assertEquals } from "@std/assert";
 *
 * const attention = luong(7, { source: 10 });
 * assertEquals(attention.parameters.weight.shape, [7, 17]);
 * assertEquals(attention.parameters.weight_query.shape, [10, 7]);
 * ```
 */
export function luong(width: number, options: LuongOptions): Layer {
  requireInteger("width", width, 1);
  const { source: M, score, output = width } = readOptions("luong", LUONG, options);
  if (score === "dot" && M !== width) {
    throw new OptionError(`"score" "dot" needs a source of the input's width ${width}, got ${M}; use "general"`);
  }
  const A = score === "general" ? M : width;
  const parameters: Record<string, Parameter> = {};
  const declare = (name: string, ...shape: number[]) =>
    parameters[name] = { shape, initial: uniform(1 / Math.sqrt(shape.at(-1)!)) };
  declare("weight", output, M + width);
  if (score !== "dot") declare("weight_query", A, width);
  if (score === "concat") {
    declare("weight_key", A, M);
    declare("weight_score", A);
  }
  return {
    name: `luong-${score}`,
    input: { kind: "values", width },
    output: { kind: "values", width: output },
    parameters,
    sourceWidths: [M],

    plan(scope, x) {
      requireValues("plan an attention layer", x);
      const { train } = scope, rows = scope.steps * scope.batch;
      const h = x.value, dh = x.gradient;
      const toQuery = score === "dot" ? undefined : linear(scope, scope.parameter("weight_query"));
      const query = toQuery ? scope.activation("query", rows, A) : h;
      const dQuery = train ? scope.activation("gradient of query", rows, A) : undefined;
      const both = scope.activation("context and input", rows, M + width);
      const dBoth = train ? scope.activation("gradient of context and input", rows, M + width) : undefined;
      const context = both.slice(0, M), right = both.slice(M, width), dRight = dBoth?.slice(M, width);
      const slots = { query, dQuery, context, dContext: dBoth?.slice(0, M) };
      const attend = attention(scope, score === "concat" ? "additive" : "dot", M, slots);
      const toOutput = linear(scope, scope.parameter("weight"));
      const y = scope.activation("output", rows, output);
      const dy = train ? scope.activation("gradient of output", rows, output) : y;
      return {
        output: { kind: "values", width: output, value: y, gradient: dy },
        states: [],
        needs: { attention: [attend.hooks] },

        refresh(k) {
          toQuery?.refresh(k);
          attend.refresh(k);
          toOutput.refresh(k);
        },

        forward(k, { T, B }) {
          toQuery?.forward(k, query, 0, h, 0, T * B);
          for (let t = 0; t < T; t++) attend.forward(k, t);
          k.copy(right.address, h.address, T * B, width, right.stride, h.stride);
          toOutput.forward(k, y, 0, both, 0, T * B);
          k.tanh(y.address, y.address, T * B, output, y.stride, y.stride);
        },

        backward(k, { T, B }) {
          k.tanhBackward(dy.address, dy.address, y.address, T * B, output, dy.stride, dy.stride, y.stride);
          toOutput.backward(k, dBoth!, 0, dy, 0, T * B);
          for (let t = T - 1; t >= 0; t--) attend.backward(k, t);
          if (!dh) return;
          k.copy(dh.address, dRight!.address, T * B, width, dh.stride, dRight!.stride);
          if (toQuery) toQuery.backward(k, dh, 0, dQuery!, 0, T * B, true);
          else k.add(dh.address, dh.address, dQuery!.address, T * B, width, dh.stride, dh.stride, dQuery!.stride);
        },

        gradients(k, { T, B }) {
          toOutput.gradient(k, dy, 0, both, 0, T * B);
          toQuery?.gradient(k, dQuery!, 0, h, 0, T * B);
          attend.gradients(k);
        },
      };
    },
  };
}
