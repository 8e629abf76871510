import type { GraphNode } from "../run/graph.ts";
import type { Part, RecurrentPart } from "./found_layer.ts";
import { type OnnxTensor, sizeOf } from "../format/tensor.ts";
import { noLayer, numbered, type Origin, type Trace } from "./symbolic.ts";

/** The numbers of last states begin behind those of the output that they belong to. */
export interface Recurrence {
  readonly part: RecurrentPart;
  readonly T: number;
  readonly B: number;
  /** Of both directions side by side. */
  readonly width: number;
}

/** Where a value was the last layer's output: how many layers were below, and whether before time was known. */
interface Start {
  readonly layers: number;
  readonly timeless: boolean;
}

/** The layers found so far, each reading the one before it. */
export class Chain {
  readonly parts: Part[] = [];
  /** The last recurrent layer. */
  recurrence: Recurrence | undefined;
  /** Whether there is one row for a sequence. */
  once = false;
  /** Whether the rows of the model's input and output are `[B, T]`. */
  batchFirst = false;
  /** What the next layer must read; undefined before the first one. */
  #top: string | undefined;
  readonly #starts = new Map<string, Start>();

  /** The part on top, while it is the last recurrent layer. */
  get recurrent(): Recurrence | undefined {
    const r = this.recurrence;
    return r && !this.once && this.parts.at(-1) === r.part && !r.part.merge ? r : undefined;
  }

  /** Whether there is no layer yet. */
  get empty(): boolean {
    return this.#top === undefined;
  }

  /** x as whole rows of the last layer's output, each element in its place. */
  rows(label: string, x: Trace | undefined): Origin {
    if (!x || !("of" in x)) throw noLayer(label, "it reads a constant");
    if (x.joined) throw noLayer(label, `it reads several values, ${x.of}`);
    if (this.#top === undefined) this.#begin(x.of);
    if (x.of !== this.#top) throw noLayer(label, `it does not read the layer before it, but ${x.of}`);
    const part = this.parts.at(-1);
    if (part?.kind === "attention" && part.stage !== "whole") throw noLayer(label, "it reads the weights of attention");
    const { shape, data } = x.numbers, width = shape.at(-1) ?? 1, r = this.recurrent;
    if (r && r.width === width) {
      // The last states, side by side: what output "last" gives.
      if (data.length === r.B * width && data.every((number, i) => number === r.T * r.B * width + i)) {
        [r.part.last, this.once] = [true, true];
        return { ...x, numbers: numbered(shape) };
      }
    }
    if (data.every((number, i) => i % width ? number === data[i - 1] + 1 : number % width === 0)) return x;
    throw noLayer(label, "it does not read whole rows");
  }

  /** Whether a value is the last layer's output. */
  isTop({ of }: Origin): boolean {
    return of === this.#top;
  }

  /** The numbers of what the last layer has read, in the order of time, where x is that. */
  below({ of, numbers }: Origin): OnnxTensor | undefined {
    const start = this.#starts.get(of);
    return start?.layers === this.parts.length - 1 ? this.#inTime(numbers, start) : undefined;
  }

  /** What a layer just found gives: where its input's rows were, rows of `width` elements, by default as many. */
  next(numbers: OnnxTensor, width = numbers.shape.at(-1)!): Origin {
    this.#begin(`the output of layer ${this.#starts.size}`);
    const { shape, data } = numbers, input = shape.at(-1)!, count = sizeOf(shape) / input;
    const rows = Array.from({ length: count }, (_, i) => data[i * input] / input), of = this.#top!;
    if (width === input) return { of, numbers };
    return {
      of,
      numbers: numbered(
        [...shape.slice(0, -1), width],
        (i) => rows[Math.floor(i / width)] * width + i % width,
      ),
    };
  }

  /** The sum of the last layer's output and that of an earlier one: the layers since then are added to their input. */
  residual(label: string, a: Origin, b: Origin): Origin {
    const [skip, top] = a.of === this.#top ? [b, a] : [a, b], start = this.#starts.get(skip.of);
    const x = this.rows(label, top), { shape, data } = x.numbers, before = start && this.#inTime(skip.numbers, start);
    const same = before?.shape.join() === shape.join() && data.every((number, i) => number === before.data[i]);
    if (!start || !same || this.once || start.layers === this.parts.length) {
      throw noLayer(label, "it adds neither a constant nor an earlier layer's output, row by row");
    }
    this.parts.push({ kind: "residual", parts: this.parts.splice(start.layers) });
    return this.next(x.numbers);
  }

  /** Nothing, when the model's first output is that of the last layer: every row in order, or the last one of each sequence. */
  finish(label: string, output: Trace | undefined): void {
    if (output && "of" in output && output.of === this.#top && this.#finishApart(output.numbers)) return;
    const { numbers } = this.rows(label, output), width = numbers.shape.at(-1)!, n = numbers.data.length / width;
    const rows = Array.from({ length: n }, (_, i) => numbers.data[i * width] / width), r = this.recurrence;
    if (!r || this.once) return requireRows(label, rows, n, (i) => i);
    const { T, B, part } = r;
    if (n === T * B) {
      return requireRows(label, rows, n, this.batchFirst ? (i) => (i % T) * B + Math.floor(i / T) : (i) => i);
    }
    if (part.bidirectional || part.lengths || !this.parts.includes(part)) {
      throw noLayer(label, "its rows are not those of the last layer");
    }
    requireRows(label, rows, B, (b) => (T - 1) * B + b);
    part.last = true;
  }

  /** Whether the output has the two directions of the last layer one behind the other. */
  #finishApart({ data }: OnnxTensor): boolean {
    const r = this.recurrent;
    if (!r?.part.bidirectional) return false;
    const { T, B, width, part } = r, H = width / 2, size = data.length / 2, steps = size / (B * H);
    if (steps !== T && steps !== 1) return false;
    for (const last of [false, true]) {
      const apart = data.every((number, i) => {
        const d = Math.floor(i / size), row = Math.floor(i % size / H);
        const [t, b] = this.batchFirst ? [row % steps, Math.floor(row / steps)] : [Math.floor(row / B), row % B];
        const at = last ? T * B * width + row * width : (t * B + b) * width;
        return number === at + d * H + i % H;
      });
      if (!apart || (last ? steps !== 1 : steps !== T)) continue;
      part.merge = "none";
      part.last = last;
      return true;
    }
    return false;
  }

  #begin(top: string): void {
    this.#top = top;
    this.#starts.set(top, { layers: this.parts.length, timeless: !this.recurrence });
  }

  /** The numbers of an earlier layer's output as those after the first recurrent layer are: in the order of time. */
  #inTime(numbers: OnnxTensor, { timeless }: Start): OnnxTensor {
    if (!timeless || !this.recurrence || !this.batchFirst) return numbers;
    const { T, B } = this.recurrence, width = numbers.shape.at(-1)!;
    return numbered(numbers.shape, (i) => {
      const number = numbers.data[i], row = Math.floor(number / width);
      return ((row % T) * B + Math.floor(row / T)) * width + number % width;
    });
  }
}

/** Numbers that are those of one direction, of the sequence or, where `last`, of the last states. */
export function directionNumbers({ T, B, width }: Recurrence, direction: 0 | 1, last: boolean): Float64Array {
  const H = width / 2, rows = last ? B : T * B, from = last ? T * B * width : 0;
  return Float64Array.from({ length: rows * H }, (_, i) => from + Math.floor(i / H) * width + direction * H + i % H);
}

/** The tensor of a value that is known. */
export function known(trace: Trace | undefined): OnnxTensor | undefined {
  return trace && "tensor" in trace ? trace.tensor : undefined;
}

/** Finds the layer that a node is, and what it gives. */
export type Find = (chain: Chain, node: GraphNode, inputs: readonly (Trace | undefined)[]) => Trace[];

function requireRows(label: string, rows: readonly number[], count: number, expected: (i: number) => number): void {
  if (rows.length === count && rows.every((row, i) => row === expected(i))) return;
  throw noLayer(label, "its rows are not those of the last layer, in order");
}
