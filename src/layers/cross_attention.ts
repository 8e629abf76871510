import { ShapeError } from "../errors.ts";
import { finite, readOptions, type Table } from "../options.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import type { Slot } from "../memory/slot.ts";
import { type BatchShape, forEachLength, requireValues, shapeOf, type TensorSpec, type Value } from "../ops/value.ts";
import { haveSameSteps, type Join } from "./joins.ts";
import type { PlannedLayer } from "./layer.ts";
import { describe } from "./sequential.ts";
import { stepsOf } from "./resize.ts";

/** Options of `attention`. */
export interface AttentionOptions {
  /** What the products of queries and keys are multiplied by. Default: 1 / sqrt(width of the keys). */
  scale?: number;
}

const ATTENTION = { scale: [finite] } satisfies Table<AttentionOptions>;

/**
 * Attention of one sequence of a `graph` to another: `[attention(), "query", "memory"]`, or with `"keys"` and
 * `"values"` apart, which have the same steps. PyTorch's `scaled_dot_product_attention` of one head, row by row:
 *
 *     a(t) = softmax over s of scale q(t) k(s)          y(t) = sum_s a(t, s) v(s)
 *
 * Queries `[T, B, width]`, keys `[S, B, width]` and values `[S, B, V]` give `[T, B, V]`. Steps behind a row's length
 * have weight 0.
 *
 * @throws {OptionError} When `scale` is not a finite number.
 *
 * @example
 * ```ts
 * import { compile } from "@unroll/rnn";
 * import { attention, conv1d, graph, values } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const net = graph({
 *   inputs: { x: values(4) },
 *   layers: { memory: [conv1d(4, 4, 2, { strides: 2 }), "x"], context: [attention(), "x", "memory"] },
 *   outputs: "context",
 * });
 * const session = await compile(net, { batch: 1, steps: 6 });
 * assertEquals(session.forward(new Float32Array(6 * 4)).length, 6 * 4);
 * session.dispose();
 * ```
 */
export function attention(options: AttentionOptions = {}): Join {
  const given = readOptions("attention", ATTENTION, options).scale;
  return (inputs) => {
    const [query, keys, values = keys] = inputs;
    if (
      inputs.length < 2 || inputs.length > 3 ||
      inputs.some(({ kind, steps }) => kind !== "values" || steps === "one") ||
      query.width !== keys.width || !haveSameSteps([keys, values])
    ) {
      const got = inputs.map(describe).join("; ");
      throw new ShapeError(
        `Cannot attend: "attention" must read queries and keys of one width, and values with the steps of the keys; ` +
          `all with a row for each step, got ${got}`,
      );
    }
    const { width } = values, { steps } = query, scale = given ?? 1 / Math.sqrt(query.width);
    const sizes = { query, keys, width: query.width, valueWidth: width, scale };
    return {
      name: `attention ${scale}`,
      input: { ...query, named: Object.fromEntries(inputs.entries()) },
      output: { kind: "values", width, steps },
      parameters: {},
      wholeSequence: "attention",
      plan(scope, { named }) {
        const all = Object.values(named!);
        for (const value of all) requireValues("plan attention", value);
        return { ...planned(scope, all, sizes), states: [], refresh() {}, gradients() {} };
      },
    };
  };
}

interface Sizes {
  readonly query: TensorSpec;
  readonly keys: TensorSpec;
  /** Width of queries and keys. */
  readonly width: number;
  readonly valueWidth: number;
  readonly scale: number;
}

/** The attention of each row of a batch: two matmuls forward, four backward. */
function planned(
  scope: Scope,
  all: readonly Value[],
  { query: { steps }, keys, width: K, valueWidth: V, scale }: Sizes,
): Pick<PlannedLayer, "output" | "forward" | "backward"> {
  const [query, key, value = key] = all, { batch, train } = scope;
  const most = stepsOf(scope, steps), mostKeys = stepsOf(scope, keys.steps);
  const y = scope.activation("output", most * batch, V);
  const dy = train ? scope.activation("gradient of output", most * batch, V) : y;
  const weights = scope.activation("attention", batch * most, mostKeys);
  const dWeights = train ? scope.activation("gradient of attention", most, mostKeys) : weights;
  const widest = Math.max(K, V, mostKeys);
  const panels = scope.activation("panels", 1, 8 * Math.ceil(widest / 8) * widest);
  const turned = scope.scratch("turned values", V, mostKeys);
  const workspace = scope.workspace(Math.max(64 * widest, Math.min(256, most) * (8 * Math.ceil(widest / 8) + 5)));
  const factor = scope.constant("scale", new Array<number>(mostKeys).fill(scale));
  /** Visit each row of the batch, with its steps and those of its keys. */
  function eachRow(shape: BatchShape, visit: (b: number, T: number, S: number, B: number) => void): void {
    const { B } = shape, lengths = [steps, keys.steps].map((steps) => lengthsOf(shapeOf({ steps }, shape)));
    for (let b = 0; b < B; b++) visit(b, lengths[0][b], lengths[1][b], B);
  }
  const zero = (k: Kernels, slot: Slot, spec: Pick<TensorSpec, "steps">, shape: BatchShape) => {
    const { T, B } = shapeOf(spec, shape);
    k.zero(slot.address, T * B, slot.columns, slot.stride);
  };
  return {
    output: { kind: "values", width: V, steps, value: y, gradient: dy },

    forward(k, shape) {
      const { value: q } = query, { value: key_ } = key, { value: v } = value;
      const P = panels.address, W = workspace.address;
      zero(k, y, { steps }, shape);
      eachRow(shape, (b, T, S, B) => {
        const a = weights.at(b * most), lda = weights.stride;
        k.packTransposed(P, key_.at(b), K, S, B * key_.stride);
        k.gemm(a, 0, q.at(b), P, W, T, S, K, lda, 0, B * q.stride);
        k.softmax(a, a, factor.address, T, S, lda, lda);
        k.transpose(turned.address, v.at(b), V, S, turned.stride, B * v.stride);
        k.packTransposed(P, turned.address, S, V, turned.stride);
        k.gemm(y.at(b), 0, a, P, W, T, V, S, B * y.stride, 0, lda);
      });
    },

    backward(k, shape) {
      const { value: q, gradient: dq } = query,
        { value: key_, gradient: dKey } = key,
        { value: v, gradient: dv } = value;
      for (const [slot, spec] of [[dq, { steps }], [dKey, keys], [dv, keys]] as const) {
        if (slot) zero(k, slot, spec, shape);
      }
      const P = panels.address, W = workspace.address;
      eachRow(shape, (b, T, S, B) => {
        const a = weights.at(b * most), lda = weights.stride, { address: d, stride: ldd } = dWeights;
        if (dv) k.gemmTN(dv.at(b), 0, a, dy.at(b), W, S, V, T, B * dv.stride, lda, B * dy.stride);
        k.packTransposed(P, v.at(b), V, S, B * v.stride);
        k.gemm(d, 0, dy.at(b), P, W, T, S, V, ldd, 0, B * dy.stride);
        k.softmaxBackward(d, d, a, T, S, ldd, ldd, lda);
        k.multiply(d, d, factor.address, T, S, ldd, ldd, 0);
        if (dq) {
          k.pack(P, key_.at(b), S, K, B * key_.stride);
          k.gemm(dq.at(b), 0, d, P, W, T, K, S, B * dq.stride, 0, ldd);
        }
        if (dKey) k.gemmTN(dKey.at(b), 0, d, q.at(b), W, S, K, T, B * dKey.stride, ldd, B * q.stride);
      });
    },
  };
}

/** The number of steps of each row. */
function lengthsOf(shape: BatchShape): Int32Array {
  const lengths = new Int32Array(shape.B);
  forEachLength(shape, (length, row, rows) => lengths.fill(length, row, row + rows));
  return lengths;
}
