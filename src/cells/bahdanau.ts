import { attention } from "../ops/attention.ts";
import { uniform } from "../ops/initialise.ts";
import { linear } from "../ops/linear.ts";
import { joinNeeds } from "../ops/needs.ts";
import { count, readOptions, REQUIRED, type Table } from "../options.ts";
import { type Cell, cell as checkCell } from "./cell.ts";

/** Options of `bahdanau`. */
export interface BahdanauOptions {
  /** Width M of the encoder's outputs. */
  source: number;
  /**
   * Width A of queries and keys.
   *
   * @default {the hidden size}
   */
  width?: number;
}

const BAHDANAU = { source: [count, REQUIRED], width: [count] } satisfies Table<BahdanauOptions>;

/**
 * Any cell with Bahdanau's attention (Bahdanau, Cho & Bengio 2014, "Neural machine translation by jointly learning to
 * align and translate", appendix A.1.2 and A.2.2). Before each step of a decoder, the state h' gives a weight to each
 * of the encoder's outputs m(1) ... m(S). Their weighted sum is a second input of the step.
 *
 *     e(s) = v tanh(h' W_qᵀ + m(s) W_kᵀ)          h' is the state before the step
 *     a    = softmax(e) over s                    c = sum_s a(s) m(s), the context
 *     z    = x W_ihᵀ + c W_chᵀ + ...              the cell's own equations
 *
 * Backward, with dz the gradient of z that the cell leaves:
 *
 *     dc   = dz W_ch                              dW_ch = sum over steps of dzᵀ c
 *     da(s) = dc m(s),   de = a (da - sum_s a(s) da(s)),   du(s) = de(s) v (1 - u(s)²),   u the tanh above
 *     dh' += sum_s du(s) W_q                      dm(s) += a(s) dc + sum over steps of du(s) W_k
 *
 * Parameters in addition to the cell's, by their names without suffix: `weight_ch` `[gates * H, M]`, `weight_query`
 * `[A, H]`, `weight_key` `[A, M]`, `weight_score` v `[A]`. In a PyTorch cell that reads `cat(x, c)`, `weight_ch` is the
 * right columns of `weight_ih`. The paper's outputs also read the context; for that, put `luong` behind the layer.
 *
 * Memory in training, in floats: B (M + 2 A + S) per step of the decoder, 2 B A per step of the source.
 *
 * @throws {OptionError} When a width is not a positive integer.
 * @throws {ShapeError} When the cell is planned outside of an `encoderDecoder`'s decoder.
 *
 * @example
 * ```ts
 * import { gru, recurrent } from "@unroll/rnn";
 * import { bahdanau } from "@unroll/rnn/models";
 * import { assertEquals } from "@std/assert";
 *
 * const rnn = recurrent(bahdanau(gru(), { source: 10 }), { input: 5, hidden: 7 });
 * assertEquals(rnn.parameters.weight_ch_l0.shape, [21, 10]);
 * assertEquals(rnn.parameters.weight_key_l0.shape, [7, 10]);
 * ```
 */
export function bahdanau(cell: Cell, options: BahdanauOptions): Cell {
  checkCell("cell", cell);
  const { source: M, width } = readOptions("bahdanau", BAHDANAU, options);
  return {
    name: `${cell.name}-bahdanau`,
    gates: cell.gates,
    columns: cell.columns,
    inputWeight: cell.inputWeight,
    sourceWidths: [...cell.sourceWidths ?? [], M],
    states: (H) => cell.states(H),

    parameters(I, H) {
      const A = width ?? H, output = Object.values(cell.states(H))[0];
      return {
        ...cell.parameters(I, H),
        weight_ch: { shape: [cell.gates * H, M], initial: uniform(1 / Math.sqrt(H)) },
        weight_query: { shape: [A, output], initial: uniform(1 / Math.sqrt(output)) },
        weight_key: { shape: [A, M], initial: uniform(1 / Math.sqrt(M)) },
        weight_score: { shape: [A], initial: uniform(1 / Math.sqrt(A)) },
      };
    },

    plan(cellContext) {
      const { scope, H, z, recurrentLinear } = cellContext, A = width ?? H, rows = scope.steps * scope.batch;
      const inner = cell.plan({ ...cellContext, isStepwise: true }), dz = z.slice(0, cell.gates * H), { train } = scope;
      const query = scope.activation("query", rows, A);
      const dQuery = train ? scope.activation("gradient of query", rows, A) : undefined;
      const context = scope.activation("context", rows, M);
      const dContext = train ? scope.activation("gradient of context", rows, M) : undefined;
      const attend = attention(scope, "additive", M, { query, dQuery, context, dContext });
      const toQuery = recurrentLinear("weight_query", { bias: null });
      const fromContext = linear(scope, scope.parameter("weight_ch"));
      return {
        bias: inner.bias,
        begin: inner.begin,
        needs: joinNeeds(inner.needs, { attention: [attend.hooks] }),

        refresh(k) {
          inner.refresh(k);
          toQuery.refresh(k);
          fromContext.refresh(k);
          attend.refresh(k);
        },

        forward(k, t, B, n) {
          toQuery.forward(k, query, t, B, n);
          attend.forward(k, t);
          fromContext.forward(k, dz, z.row(t, B), context, context.row(t, B), n, true);
          inner.forward(k, t, B, n);
        },

        backward(k, t, B, n) {
          inner.backward(k, t, B, n);
          fromContext.backward(k, dContext!, dContext!.row(t, B), dz, z.row(t, B), n);
          attend.backward(k, t);
          toQuery.backward(k, dQuery!, t, B, n);
        },

        gradients(k, T, B) {
          inner.gradients(k, T, B);
          fromContext.gradient(k, dz, 0, context, 0, T * B);
          toQuery.gradient(k, dQuery!, T, B);
          attend.gradients(k);
        },
      };
    },
  };
}
