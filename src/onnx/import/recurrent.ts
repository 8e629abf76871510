import { type Chain, directionNumbers, type Find, known } from "./chain.ts";
import { namingNode } from "../run/graph.ts";
import { transposed } from "../run/operators/strides.ts";
import type { RecurrentPart } from "./found_layer.ts";
import { recurrentInputs } from "../run/recurrent_node.ts";
import { type OnnxTensor, tensor } from "../format/tensor.ts";
import { noLayer, numbered, type Origin, type Trace } from "./symbolic.ts";

/** A node of one or both directions. */
export const findRecurrent: Find = (chain, { label, recurrent, inputs: names }, inputs) => {
  const form = recurrent!, { directions: { length: D } } = form, x = chain.rows(label, inputs[0]);
  if (form.directions[0]) throw noLayer(label, "a layer against time alone is none");
  const constants = inputs.map((input, i) => [1, 2, 3, 7].includes(i) ? known(input) : undefined);
  const missing = [1, 2, 3, 7].find((i) => inputs[i] && !constants[i]);
  if (missing !== undefined) throw noLayer(label, `its parameter "${names[missing]}" is no constant`);
  const rows = form.batchFirst ? transposed(x.numbers, [1, 0, 2]) : x.numbers;
  const shaped = constants.with(0, tensor(constants[1]!.type, x.numbers.shape, x.numbers.data));
  const { T, B, I, H, cells, parameters } = namingNode(label, () => recurrentInputs(form, shaped));
  if (cells.some(({ name }) => name !== cells[0].name)) throw noLayer(label, "its two directions have other functions");
  requireTime(chain, label, rows, T, B, I);

  const lengths = inputs[4] !== undefined && !known(inputs[4])?.data.every((length) => length === T);
  if (lengths && known(inputs[4])) throw noLayer(label, "its rows have constant lengths");
  const states = inputs.slice(5, form.operator === "LSTM" ? 7 : 6);
  const learned = initialStates(label, states, form.batchFirst, D, H);
  const width = D * H, all = parameters.map((direction, d) => ({ ...direction, ...learned[d] }));
  const part: RecurrentPart = {
    kind: "recurrent",
    cell: cells[0],
    input: I,
    hidden: H,
    bidirectional: D === 2,
    lengths,
    parameters: all,
    last: false,
  };
  chain.parts.push(part);
  chain.recurrence = { part, T, B, width };
  // Y [T, D, B, H] of rows [T, B, D H], Y_h and Y_c [D, B, H] behind them.
  const Y = transposed(numbered([T, B, D, H]), [0, 2, 1, 3]);
  const outer = (s: OnnxTensor) => form.batchFirst ? transposed(s, [1, 0, 2]) : s;
  const last = outer(transposed(numbered([B, D, H], (i) => T * B * width + i), [1, 0, 2]));
  const top = chain.next(form.batchFirst ? transposed(Y, [2, 0, 1, 3]) : Y);
  const cellState = { of: `cell state of ${label}`, numbers: last, states: true };
  return [top, { ...top, numbers: last, states: true }, cellState];
};

/** The two directions of the last layer added or multiplied, where they are what a and b are; else undefined. */
export function mergeDirections(chain: Chain, how: "sum" | "multiply", a: Origin, b: Origin): Origin | undefined {
  const r = chain.recurrent, H = r && r.width / 2;
  if (!r?.part.bidirectional || a.of !== b.of || a.numbers.shape.at(-1) !== H) return undefined;
  for (const last of [false, true]) {
    const is = ({ numbers: { data } }: Origin, direction: 0 | 1) => {
      const wanted = directionNumbers(r, direction, last);
      return data.length === wanted.length && wanted.every((number, i) => number === data[i]);
    };
    if (!(is(a, 0) && is(b, 1)) && !(is(a, 1) && is(b, 0))) continue;
    [r.part.merge, r.part.last, chain.once] = [how, last, last];
    return chain.next(numbered(a.numbers.shape));
  }
  return undefined;
}

/** The first recurrent layer says what the rows of the input are; the others must see them in the order of time. */
function requireTime(chain: Chain, label: string, { data }: OnnxTensor, T: number, B: number, I: number): void {
  const r = chain.recurrence, rows = Array.from({ length: T * B }, (_, i) => data[i * I] / I);
  if (chain.once || (r && (r.T !== T || r.B !== B))) throw noLayer(label, "it does not read all steps");
  const timeMajor = rows.every((row, i) => row === i);
  if (r && !timeMajor) throw noLayer(label, "it reads the steps in another order");
  if (!r && !timeMajor) {
    if (rows.some((row, i) => row !== (i % B) * T + Math.floor(i / B))) {
      throw noLayer(label, "it reads the rows of the input in another order than [T, B] or [B, T]");
    }
    chain.batchFirst = true;
  }
}

/** Initial states of each direction that are constant, the same for all rows, and not all zero. */
function initialStates(
  label: string,
  states: readonly (Trace | undefined)[],
  batchFirst: boolean,
  D: number,
  H: number,
): Record<string, { shape: number[]; data: Float32Array }>[] {
  const names = ["h", "c"].slice(0, states.length);
  const constants = states.map((state) => {
    const constant = known(state);
    return constant && (batchFirst ? transposed(constant, [1, 0, 2]) : constant);
  });
  if (!constants.some((constant) => constant?.data.some((x) => x !== 0))) return [];
  return Array.from({ length: D }, (_, d) =>
    Object.fromEntries(names.map((name, i) => {
      if (states[i] && !constants[i]) throw noLayer(label, "of its initial states some are constant, some are not");
      const rows = constants[i]?.data ?? new Float32Array(D * H), B = rows.length / (D * H);
      const data = Float32Array.from(rows.subarray(d * B * H, d * B * H + H));
      for (let b = 1; b < B; b++) {
        if (data.some((x, j) => x !== rows[(d * B + b) * H + j])) {
          throw noLayer(label, "its initial states differ by row");
        }
      }
      return [`initial_${name}`, { shape: [H], data }];
    })));
}
