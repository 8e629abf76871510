import { type OnnxTensor, tensor } from "../format/tensor.ts";
import { runNamed } from "../run/graph.ts";
import { transposed } from "../run/operators/strides.ts";
import { recurrentInputs, withData } from "../run/recurrent_node.ts";
import { type Chain, directionIndices, type FindLayer } from "./chain.ts";
import type { FoundRecurrent } from "./found_layer.ts";
import {
  cannotImport,
  constantOf,
  type ElementSource,
  indexTensor,
  isElementSource,
  type SymbolicValue,
} from "./symbolic.ts";

/** The inputs W, R, B and P, which must be constant. */
const PARAMETERS = [1, 2, 3, 7];

/** RNN, GRU or LSTM, forward or bidirectional. */
export const findRecurrent: FindLayer = (chain, { label, recurrent, inputs: names }, inputs) => {
  const node = recurrent!;
  const { batchFirst, directions: { length: D } } = node;
  const { indices } = chain.rows(label, inputs[0]);
  if (node.directions[0]) throw cannotImport(label, "no layer runs in reverse direction only");
  const constants = inputs.map((input, i) => PARAMETERS.includes(i) ? constantOf(input) : undefined);
  const missing = PARAMETERS.find((i) => inputs[i] && !constants[i]);
  if (missing !== undefined) throw cannotImport(label, `its parameter "${names[missing]}" is no constant`);
  const W = constants[1];
  if (!W) throw cannotImport(label, "it has no W");
  const shaped = constants.with(0, tensor(W.type, indices.shape, indices.data));
  const { T, B, I, H, cells, parameters } = runNamed(label, () => recurrentInputs(node, shaped));
  if (cells.some(({ name }) => name !== cells[0].name)) {
    throw cannotImport(label, "its two directions have different activations");
  }
  requireTimeMajor(chain, label, batchFirst ? transposed(indices, [1, 0, 2]) : indices, T, B, I);

  const lengths = inputs[4] !== undefined && !constantOf(inputs[4])?.data.every((length) => length === T);
  if (lengths && constantOf(inputs[4])) throw cannotImport(label, "its rows have constant lengths");
  const source = lengths && isElementSource(inputs[4]) ? inputs[4] : undefined;
  if (source?.indices.data.some((index, b) => index !== b)) {
    throw cannotImport(label, "it reads its lengths in another order");
  }
  chain.readLengths(label, source?.source, D === 2);
  const states = inputs.slice(5, node.operator === "LSTM" ? 7 : 6);
  const learned = initialStates(label, states, batchFirst, D, H);
  const layer: FoundRecurrent = {
    kind: "recurrent",
    cell: cells[0],
    input: I,
    hidden: H,
    bidirectional: D === 2,
    lengths,
    parameters: cells.map((_, d) => ({ ...withData(parameters(d)), ...learned[d] })),
    last: false,
  };
  const width = D * H;
  chain.layers.push(layer);
  chain.recurrence = { layer, T, B, width };
  // Y [T, D, B, H] holds the rows [T, B, D H]; Y_h and Y_c [D, B, H] have the indices behind these rows.
  const Y = transposed(indexTensor([T, B, D, H]), [0, 2, 1, 3]);
  const last = transposed(indexTensor([B, D, H], (i) => T * B * width + i), [1, 0, 2]);
  const finalStates = batchFirst ? transposed(last, [1, 0, 2]) : last;
  const top = chain.topOutput(batchFirst ? transposed(Y, [2, 0, 1, 3]) : Y);
  const cellState = { source: `cell state of ${label}`, indices: finalStates, isState: true };
  return [top, { ...top, indices: finalStates, isState: true }, cellState];
};

/** The sum or product of the last layer's two directions, when a and b are these directions; otherwise undefined. */
export function mergeDirections(
  chain: Chain,
  how: "sum" | "multiply",
  a: ElementSource,
  b: ElementSource,
): ElementSource | undefined {
  const r = chain.recurrent;
  if (!r?.layer.bidirectional || a.source !== b.source || a.indices.shape.at(-1) !== r.width / 2) return undefined;
  for (const last of [false, true]) {
    const isDirection = ({ indices: { data } }: ElementSource, direction: 0 | 1) => {
      const expected = directionIndices(r, direction, last);
      return data.length === expected.length && expected.every((index, i) => index === data[i]);
    };
    if (!(isDirection(a, 0) && isDirection(b, 1)) && !(isDirection(a, 1) && isDirection(b, 0))) continue;
    r.layer.merge = how;
    r.layer.last = last;
    chain.steps = last ? "one" : "each";
    return chain.topOutput(indexTensor(a.indices.shape));
  }
  return undefined;
}

/**
 * Requires the rows of a recurrent layer in time-major order. The first recurrent layer decides whether the input of
 * the model is `[T, B, ...]` or `[B, T, ...]`.
 */
function requireTimeMajor(chain: Chain, label: string, { data }: OnnxTensor, T: number, B: number, I: number): void {
  const r = chain.recurrence;
  const rows = Array.from({ length: T * B }, (_, i) => data[i * I] / I);
  if (chain.steps === "one" || (r && (r.T !== T || r.B !== B))) throw cannotImport(label, "it does not read all steps");
  const timeMajor = rows.every((row, i) => row === i);
  if (r && !timeMajor) throw cannotImport(label, "it reads the steps in another order");
  if (!r && !timeMajor) {
    if (rows.some((row, i) => row !== (i % B) * T + Math.floor(i / B))) {
      throw cannotImport(label, "it reads the rows of the input in another order than [T, B] or [B, T]");
    }
    chain.batchFirst = true;
  }
}

/** For each direction, the constant initial states, which must be equal in all rows; none when all are zero. */
function initialStates(
  label: string,
  states: readonly (SymbolicValue | undefined)[],
  batchFirst: boolean,
  D: number,
  H: number,
): Record<string, { shape: number[]; data: Float32Array }>[] {
  const names = ["h", "c"].slice(0, states.length);
  const constants = states.map((state) => {
    const constant = constantOf(state);
    return constant && (batchFirst ? transposed(constant, [1, 0, 2]) : constant);
  });
  if (!constants.some((constant) => constant?.data.some((x) => x !== 0))) return [];
  return Array.from({ length: D }, (_, d) =>
    Object.fromEntries(names.map((name, i) => {
      if (states[i] && !constants[i]) throw cannotImport(label, "only some of its initial states are constant");
      const rows = constants[i]?.data ?? new Float32Array(D * H);
      const B = rows.length / (D * H);
      const data = Float32Array.from(rows.subarray(d * B * H, d * B * H + H));
      for (let b = 1; b < B; b++) {
        if (data.some((x, j) => x !== rows[(d * B + b) * H + j])) {
          throw cannotImport(label, "its initial states differ by row");
        }
      }
      return [`initial_${name}`, { shape: [H], data }];
    })));
}
