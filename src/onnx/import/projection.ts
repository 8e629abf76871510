import type { CellDescription } from "../../cells/description.ts";
import { lstm } from "../../cells/lstm.ts";
import { spend } from "../format/budget.ts";
import type { OnnxTensor } from "../format/tensor.ts";
import { transposed } from "../run/operators/strides.ts";
import type { Chain } from "./chain.ts";
import type { FoundRecurrent } from "./found_layer.ts";
import { type ElementSource, indexTensor, isPlain, type SymbolicValue } from "./symbolic.ts";

type Matrix = FoundRecurrent["parameters"][number][string];

/** The largest difference of a recurrent matrix from a product with the projection, beside its largest number. */
const TOLERANCE = 1e-5;

/**
 * The projection of the LSTM below, when its output `[T, D, B, H]` or its final states `[D, B, H]` are multiplied by
 * one matrix `[H, P]` for each direction. ONNX's LSTM has no projection h = W_hr m; `writeOnnx` makes it one whose
 * state is m and whose recurrent weights are W_hh W_hr, and a product with W_hrᵀ behind it. W_hh is found from these.
 *
 * Undefined when the product is anything else.
 */
export function findProjection(
  chain: Chain,
  x: SymbolicValue | undefined,
  matrices: OnnxTensor | undefined,
): ElementSource | undefined {
  const r = chain.recurrent, cell = r?.layer.cell.description as CellDescription | undefined;
  if (!r || cell?.kind !== "lstm" || cell.projection || !isPlain(x) || !chain.isTop(x)) return undefined;
  const { layer, T, B, width } = r, H = layer.hidden, D = width / H;
  const [directions, rows, P] = matrices?.shape ?? [];
  if (matrices?.shape.length !== 3 || directions !== D || rows !== H || !(P < H)) return undefined;
  if ("initial_h" in layer.parameters[0]) return undefined;
  const isLast = x.indices.shape.length === 3, read = isLast ? finalStates(T, B, D, H) : outputs(T, B, D, H);
  if (read.shape.join() !== x.indices.shape.join() || read.data.some((index, i) => index !== x.indices.data[i])) {
    return undefined;
  }
  const parameters = layer.parameters.map((direction, d) => {
    const own = matrices.data.subarray(d * H * P, (d + 1) * H * P);
    const W = { shape: [P, H], data: Float32Array.from(own, (_, i) => own[(i % H) * P + Math.floor(i / H)]) };
    const weight_hh = factorOf(direction.weight_hh, W);
    return weight_hh && { ...direction, weight_hh, weight_hr: W };
  });
  if (!parameters.every((direction) => direction !== undefined)) return undefined;
  const { bias, peepholes, coupled, clip, activations } = cell;
  layer.cell = lstm({ bias, peepholes, coupled, clip, activations, projection: P });
  layer.parameters = parameters;
  chain.recurrence = { layer, T, B, width: D * P };
  const top = chain.topOutput(outputs(T, B, D, P));
  return isLast ? { ...top, indices: finalStates(T, B, D, P) } : top;
}

/** The indices of Y `[T, D, B, H]` in the rows `[T, B, D H]`. */
function outputs(T: number, B: number, D: number, H: number): OnnxTensor {
  return transposed(indexTensor([T, B, D, H]), [0, 2, 1, 3]);
}

/** The indices of Y_h `[D, B, H]`, behind these rows. */
function finalStates(T: number, B: number, D: number, H: number): OnnxTensor {
  return transposed(indexTensor([B, D, H], (i) => T * B * D * H + i), [1, 0, 2]);
}

/** X `[n, P]` with X W = R, for W `[P, H]` and R `[n, H]`: R Wᵀ (W Wᵀ)⁻¹. Undefined when there is none. */
function factorOf(R: Matrix, W: Matrix): Matrix | undefined {
  const [n, H] = R.shape, [P] = W.shape;
  const dot = (a: Float32Array, i: number, b: ArrayLike<number>, j: number) => {
    let sum = 0;
    for (let k = 0; k < H; k++) sum += a[i * H + k] * b[j * H + k];
    return sum;
  };
  spend(n * P * H / 16);
  // The Cholesky factor L of W Wᵀ.
  const L = new Float64Array(P * P);
  for (let i = 0; i < P; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = dot(W.data, i, W.data, j);
      for (let k = 0; k < j; k++) sum -= L[i * P + k] * L[j * P + k];
      if (i === j && !(sum > 0)) return undefined;
      L[i * P + j] = i === j ? Math.sqrt(sum) : sum / L[j * P + j];
    }
  }
  const X = new Float32Array(n * P), row = new Float64Array(P);
  let difference = 0, largest = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < P; j++) {
      row[j] = dot(R.data, i, W.data, j);
      for (let k = 0; k < j; k++) row[j] -= L[j * P + k] * row[k];
      row[j] /= L[j * P + j];
    }
    for (let j = P - 1; j >= 0; j--) {
      for (let k = j + 1; k < P; k++) row[j] -= L[k * P + j] * row[k];
      row[j] /= L[j * P + j];
    }
    X.set(row, i * P);
    for (let h = 0; h < H; h++) {
      let product = 0;
      for (let k = 0; k < P; k++) product += row[k] * W.data[k * H + h];
      difference = Math.max(difference, Math.abs(product - R.data[i * H + h]));
      largest = Math.max(largest, Math.abs(R.data[i * H + h]));
    }
  }
  return difference <= TOLERANCE * largest ? { shape: [n, P], data: X } : undefined;
}
