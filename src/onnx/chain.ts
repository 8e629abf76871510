import { type GraphNode, namingNode } from "./graph.ts";
import { transposed } from "./operators/strides.ts";
import type { Part, RecurrentPart } from "./parts.ts";
import { recurrentInputs } from "./recurrent_form.ts";
import { type OnnxTensor, sizeOf, tensor } from "./tensor.ts";
import { noLayer, numbered, type Origin, type Trace } from "./trace.ts";

/** The numbers of last states begin behind those of the output that they belong to. */
interface Recurrence {
  readonly part: RecurrentPart;
  readonly T: number;
  readonly B: number;
  readonly width: number;
}

const FUNCTIONS = { Relu: "relu", Tanh: "tanh", Sigmoid: "sigmoid" } as const;

/** The layers found so far, each reading the one before it. */
export class Chain {
  readonly parts: Part[] = [];
  /** What the next layer must read; undefined before the first one. */
  #top: string | undefined;
  #recurrence: Recurrence | undefined;
  /** Whether there is one row for a sequence. */
  #once = false;
  /** Whether the rows of the model's input and output are `[B, T]`. */
  batchFirst = false;

  /** The next layer, and its outputs. */
  follow(node: GraphNode, inputs: readonly (Trace | undefined)[]): Trace[] {
    const { operator, label } = node, [a, b] = inputs;
    if (node.recurrent) return this.#recurrent(node, inputs);
    if (operator === "Gather") return [this.#embedding(node, a, b)];
    if (operator === "MatMul" || operator === "Gemm") return [this.#dense(node, inputs)];
    if (operator === "Add") return [this.#bias(node, a, b)];
    if (Object.hasOwn(FUNCTIONS, operator)) {
      const x = this.#rows(label, a), width = x.numbers.shape.at(-1)!;
      this.parts.push({ kind: "activation", name: FUNCTIONS[operator as keyof typeof FUNCTIONS], width });
      return [this.#next(x.numbers)];
    }
    throw noLayer(label, `there is no such layer`);
  }

  /** Nothing, when the model's first output is that of the last layer: every row in order, or the last one of each sequence. */
  finish(label: string, output: Trace | undefined): void {
    const { numbers } = this.#rows(label, output), width = numbers.shape.at(-1)!, n = numbers.data.length / width;
    const rows = Array.from({ length: n }, (_, i) => numbers.data[i * width] / width), r = this.#recurrence;
    if (!r || this.#once) return requireRows(label, rows, n, (i) => i);
    const { T, B, part } = r;
    if (n === T * B) {
      return requireRows(
        label,
        rows,
        n,
        this.batchFirst ? (i) => (i % T) * B + Math.floor(i / T) : (i) => i,
      );
    }
    if (part.bidirectional || part.lengths) throw noLayer(label, "its rows are not those of the last layer");
    requireRows(label, rows, B, (b) => (T - 1) * B + b);
    part.last = true;
  }

  #embedding({ label, attributes }: GraphNode, weight: Trace | undefined, tokens: Trace | undefined): Trace {
    const table = known(weight), axis = attributes().int("axis", 0);
    if (!table || table.shape.length !== 2 || axis || !tokens || !("of" in tokens) || this.#top !== undefined) {
      throw noLayer(label, "an embedding picks rows of a constant matrix by the tokens of the input");
    }
    const [, width] = table.shape, { numbers } = tokens;
    this.parts.push({ kind: "embedding", weight: { shape: table.shape, data: Float32Array.from(table.data) } });
    return this.#next(
      numbered([...numbers.shape, width], (i) => numbers.data[Math.floor(i / width)] * width + i % width),
    );
  }

  #dense({ label, operator, attributes }: GraphNode, inputs: readonly (Trace | undefined)[]): Trace {
    const x = this.#rows(label, inputs[0]), given = attributes(), matrix = known(inputs[1]);
    const alpha = given.take("alpha", "float") ?? 1, beta = given.take("beta", "float") ?? 1, c = known(inputs[2]);
    if (!matrix || matrix.shape.length !== 2 || given.int("transA", 0) || (inputs[2] && !c)) {
      throw noLayer(label, "a dense layer multiplies rows with a constant matrix");
    }
    const weight = given.int("transB", 0) ? matrix : transposed(matrix, [1, 0]), [output, input] = weight.shape;
    const width = x.numbers.shape.at(-1)!;
    if (width !== input) throw noLayer(label, `rows of ${width} elements meet a matrix of ${input}`);
    const data = Float32Array.from(weight.data, (w) => alpha * w);
    const bias = c && rowVector(label, c, output).map((b) => beta * b);
    this.parts.push({ kind: "dense", weight: { shape: weight.shape, data }, ...(operator === "Gemm" && { bias }) });
    return this.#next(x.numbers, output);
  }

  /** What is added to a matrix product. */
  #bias({ label }: GraphNode, a: Trace | undefined, b: Trace | undefined): Trace {
    const below = this.parts.at(-1), c = known(a) ?? known(b), x = known(a) ? b : a;
    if (!c || below?.kind !== "dense" || below.bias) throw noLayer(label, "only a constant is added, to a product");
    const rows = this.#rows(label, x);
    below.bias = rowVector(label, c, below.weight.shape[0]);
    return this.#next(rows.numbers);
  }

  #recurrent({ label, recurrent, inputs: names }: GraphNode, inputs: readonly (Trace | undefined)[]): Trace[] {
    const form = recurrent!, { directions: { length: D } } = form, x = this.#rows(label, inputs[0]);
    if (form.directions[0]) throw noLayer(label, "a layer against time alone is none");
    const constants = inputs.map((input, i) => [1, 2, 3, 7].includes(i) ? known(input) : undefined);
    const missing = [1, 2, 3, 7].find((i) => inputs[i] && !constants[i]);
    if (missing !== undefined) throw noLayer(label, `its parameter "${names[missing]}" is no constant`);
    const rows = form.batchFirst ? transposed(x.numbers, [1, 0, 2]) : x.numbers;
    const shaped = constants.with(0, tensor(constants[1]!.type, x.numbers.shape, x.numbers.data));
    const { T, B, I, H, cells, parameters } = namingNode(label, () => recurrentInputs(form, shaped));
    if (cells.some(({ name }) => name !== cells[0].name)) {
      throw noLayer(label, "its two directions have other functions");
    }
    this.#requireTime(label, rows, T, B, I);

    const lengths = inputs[4] !== undefined && !known(inputs[4])?.data.every((length) => length === T);
    if (lengths && known(inputs[4])) throw noLayer(label, "its rows have constant lengths");
    const learned = this.#initialStates(
      label,
      inputs.slice(5, form.operator === "LSTM" ? 7 : 6),
      form.batchFirst,
      D,
      H,
    );
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
    this.parts.push(part);
    this.#recurrence = { part, T, B, width };
    // Y [T, D, B, H] of rows [T, B, D H], Y_h and Y_c [D, B, H] behind them.
    const Y = transposed(numbered([T, B, D, H]), [0, 2, 1, 3]),
      outer = (s: OnnxTensor) => form.batchFirst ? transposed(s, [1, 0, 2]) : s;
    const last = outer(transposed(numbered([B, D, H], (i) => T * B * width + i), [1, 0, 2]));
    const top = this.#next(form.batchFirst ? transposed(Y, [2, 0, 1, 3]) : Y, undefined);
    return [top, { ...top, numbers: last, states: true }, {
      of: `cell state of ${label}`,
      numbers: last,
      states: true,
    }];
  }

  /** The first recurrent layer says what the rows of the input are; the others must see them in the order of time. */
  #requireTime(label: string, { data }: OnnxTensor, T: number, B: number, I: number): void {
    const r = this.#recurrence, first = !r, rows = Array.from({ length: T * B }, (_, i) => data[i * I] / I);
    if (this.#once || (r && (r.T !== T || r.B !== B))) throw noLayer(label, "it does not read all steps");
    const timeMajor = rows.every((row, i) => row === i);
    if (!first && !timeMajor) throw noLayer(label, "it reads the steps in another order");
    if (first && !timeMajor) {
      if (rows.some((row, i) => row !== (i % B) * T + Math.floor(i / B))) {
        throw noLayer(label, "it reads the rows of the input in another order than [T, B] or [B, T]");
      }
      this.batchFirst = true;
    }
  }

  /** Initial states of each direction that are constant, the same for all rows, and not all zero. */
  #initialStates(label: string, states: readonly (Trace | undefined)[], batchFirst: boolean, D: number, H: number) {
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

  /** x as whole rows of the last layer's output, each element in its place. */
  #rows(label: string, x: Trace | undefined): Origin {
    if (!x || !("of" in x)) throw noLayer(label, "it reads a constant");
    this.#top ??= x.of;
    if (x.of !== this.#top) throw noLayer(label, `it does not read the layer before it, but ${x.of}`);
    const { shape, data } = x.numbers, width = shape.at(-1) ?? 1, r = this.#recurrence;
    if (r && !this.#once && this.parts.at(-1) === r.part && r.part.hidden * (r.part.bidirectional ? 2 : 1) === width) {
      // The last states, side by side: what output "last" gives.
      if (data.length === r.B * width && data.every((number, i) => number === r.T * r.B * width + i)) {
        [r.part.last, this.#once] = [true, true];
        return { ...x, numbers: numbered(shape) };
      }
    }
    if (data.every((number, i) => i % width ? number === data[i - 1] + 1 : number % width === 0)) return x;
    throw noLayer(label, "it does not read whole rows");
  }

  /** What the layer just found gives: where its input's rows were, rows of `width` elements, by default as many. */
  #next(numbers: OnnxTensor, width?: number): Origin {
    this.#top = `the output of layer ${this.parts.length}${
      this.parts.at(-1)?.kind === "dense" ? biased(this.parts) : ""
    }`;
    if (width === undefined) return { of: this.#top, numbers };
    const { shape, data } = numbers, input = shape.at(-1)!, count = sizeOf(shape) / input;
    const rows = Array.from({ length: count }, (_, i) => data[i * input] / input);
    const wide = numbered([...shape.slice(0, -1), width], (i) => rows[Math.floor(i / width)] * width + i % width);
    return { of: this.#top, numbers: wide };
  }
}

/** A product is not yet what it is with a bias: who reads it without is not the next layer. */
function biased(parts: readonly Part[]): string {
  const part = parts.at(-1);
  return part?.kind === "dense" && part.bias ? "" : " without bias";
}

function known(trace: Trace | undefined): OnnxTensor | undefined {
  return trace && "tensor" in trace ? trace.tensor : undefined;
}

/** A constant that is one row for all. */
function rowVector(label: string, { shape, data }: OnnxTensor, width: number): Float32Array {
  if (data.length === width && (shape.at(-1) === width)) return Float32Array.from(data);
  throw noLayer(label, `a bias must be a row of ${width} elements, got shape [${shape}]`);
}

function requireRows(label: string, rows: readonly number[], count: number, expected: (i: number) => number): void {
  if (rows.length === count && rows.every((row, i) => row === expected(i))) return;
  throw noLayer(label, "its rows are not those of the last layer, in order");
}
