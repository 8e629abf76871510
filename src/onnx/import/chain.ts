import type { GraphNode } from "../run/graph_node.ts";
import { spend } from "../format/budget.ts";
import { type OnnxTensor, sizeOf } from "../format/tensor.ts";
import type { FoundLayer, FoundRecurrent } from "./found_layer.ts";
import {
  cannotImport,
  type ElementSource,
  type Head,
  indexTensor,
  isElementSource,
  type SymbolicValue,
} from "./symbolic.ts";

/**
 * Finds the layer that a node stands for, adds the layer to the chain and returns the outputs of the node.
 *
 * @throws {FormatError} When no layer of the library corresponds to the node.
 */
export type FindLayer = (
  chain: Chain,
  node: GraphNode,
  inputs: readonly (SymbolicValue | undefined)[],
) => SymbolicValue[];

/**
 * The last recurrent layer and its sizes. The indices of its output `[T, B, width]` are 0 to T B width - 1. The indices
 * of its final states `[B, width]` begin at T B width.
 */
interface Recurrence {
  readonly layer: FoundRecurrent;
  readonly T: number;
  readonly B: number;
  /** Elements of an output row: H, or 2 H for both directions side by side. */
  readonly width: number;
}

/** The state of the chain when a value was its last output. */
interface Position {
  /** Number of layers below the value. */
  readonly layers: number;
  /** Whether no recurrent layer was found yet, so that the order of steps and rows was unknown. */
  readonly timeless: boolean;
}

/** The most residual layers inside each other: building nets is recursive. */
const MAX_DEPTH = 64;

/** The layers found so far. Each reads the output of the layer before it. */
export class Chain {
  readonly layers: FoundLayer[] = [];
  /** The last recurrent layer. */
  recurrence: Recurrence | undefined;
  /** Whether the output of the last layer is one row for each step or one row for the whole sequence. */
  steps: "each" | "one" = "each";
  /** Whether the input and output of the model are `[B, T, ...]`. */
  batchFirst = false;
  /** The source of the lengths of rows, when a layer reads these. */
  lengths: string | undefined;
  /** The first recurrent layer that reads lengths, and the first that reads whole rows against time. */
  #readers: { withLengths?: string; backwards?: string } = {};
  /** The source that the next layer must read; undefined before the first layer. */
  #top: string | undefined;
  /** Elements of a row of that source, when it is the output of a layer. */
  #width: number | undefined;
  readonly #positions = new Map<string, Position>();

  /** The last recurrent layer, if it is the last layer, its directions are not merged yet and it outputs each step. */
  get recurrent(): Recurrence | undefined {
    const r = this.recurrence;
    return r && this.steps === "each" && this.layers.at(-1) === r.layer && !r.layer.merge ? r : undefined;
  }

  /** Whether no layer was found yet. */
  get empty(): boolean {
    return this.#top === undefined;
  }

  /**
   * The value x, when it consists of whole rows of the last layer's output with their elements in order.
   *
   * @throws {FormatError} When x is something else.
   */
  rows(label: string, x: SymbolicValue | undefined): ElementSource {
    if (isElementSource(x) && x.padding) throw cannotImport(label, "it reads rows with other numbers as padding");
    return this.paddedRows(label, x);
  }

  /**
   * `rows`, of a value whose steps behind the lengths of rows may have been replaced.
   *
   * @throws {FormatError} When x is something else.
   */
  paddedRows(label: string, x: SymbolicValue | undefined): ElementSource {
    if (isElementSource(x) && x.head) throw cannotImport(label, "a softmax is supported at the end of a model only");
    return this.#rows(label, x);
  }

  #rows(label: string, x: SymbolicValue | undefined): ElementSource {
    if (!isElementSource(x)) throw cannotImport(label, "it reads a constant");
    if (x.isMask) throw cannotImport(label, "it reads a mask");
    if (x.isInteger) throw cannotImport(label, "it computes with integers");
    if (x.sources) throw cannotImport(label, `it reads several values, ${x.source}`);
    if (this.#top === undefined) this.#setTop(x.source);
    if (x.source !== this.#top) throw cannotImport(label, `it does not read the layer before it, but ${x.source}`);
    const last = this.layers.at(-1);
    if (last?.kind === "attention" && last.stage !== "whole") {
      throw cannotImport(label, "it reads the weights of attention");
    }
    if (last?.kind === "pool" && last.stage === "sum") {
      throw cannotImport(label, "it reads the sum of steps, of which only the mean is a layer");
    }
    const { type, data } = x.indices;
    // Rows of one number may have no dimension for it.
    const shape = this.#width === 1 && x.indices.shape.at(-1) !== 1 ? [...x.indices.shape, 1] : x.indices.shape;
    spend(data.length);
    const width = shape.at(-1) ?? 1;
    const r = this.recurrent;
    if (r && r.width === width) {
      // The final states of both directions, side by side: the result of output "last".
      if (data.length === r.B * width && data.every((index, i) => index === r.T * r.B * width + i)) {
        r.layer.last = true;
        this.steps = "one";
        return { ...x, indices: indexTensor(shape) };
      }
    }
    if (data.every((index, i) => i % width ? index === data[i - 1] + 1 : index % width === 0)) {
      return { ...x, indices: { type, shape, data } };
    }
    throw cannotImport(label, "it does not read whole rows");
  }

  /** Takes note of what a recurrent layer reads of the lengths of rows. */
  readLengths(label: string, source: string | undefined, bidirectional: boolean): void {
    if (source) this.#setLengths(label, source);
    if (source) this.#readers.withLengths ??= label;
    else if (bidirectional) this.#readers.backwards ??= label;
  }

  /**
   * Takes note of what a layer that makes one row of a sequence reads of the lengths of rows.
   *
   * @throws {FormatError} When the recurrent layers below read something else: a session has one list of lengths.
   */
  poolLengths(label: string, source: string | undefined): void {
    const { withLengths, backwards } = this.#readers;
    if (!source && withLengths) throw cannotImport(label, `it reads the padding behind the rows of ${withLengths}`);
    if (!source) return;
    if (backwards) throw cannotImport(label, `it leaves out the padding, and ${backwards} does not`);
    this.#setLengths(label, source);
  }

  #setLengths(label: string, source: string): void {
    this.lengths ??= source;
    if (this.lengths !== source) throw cannotImport(label, `it reads other lengths than ${this.lengths}: ${source}`);
  }

  /** Whether a value is the last layer's output. */
  isTop({ source }: ElementSource): boolean {
    return source === this.#top;
  }

  /** The indices of x in time-major order, when x is the input of the last layer; otherwise undefined. */
  inputOfTop({ source, indices }: ElementSource): OnnxTensor | undefined {
    const position = this.#positions.get(source);
    return position?.layers === this.layers.length - 1 ? this.#timeMajor(indices, position) : undefined;
  }

  /**
   * The output of the layer that was just added: its rows lie where the rows of the layer's input lay.
   *
   * @param indices The input of the layer.
   * @param width Elements of an output row. Default: as many as an input row has.
   */
  topOutput(indices: OnnxTensor, width: number = indices.shape.at(-1)!): ElementSource {
    const source = `the output of layer ${this.#positions.size}`;
    this.#setTop(source);
    this.#width = width;
    const { shape, data } = indices;
    const inputWidth = shape.at(-1)!;
    if (width === inputWidth) return { source, indices };
    const rows = Array.from({ length: sizeOf(shape) / inputWidth }, (_, i) => data[i * inputWidth] / inputWidth);
    return {
      source,
      indices: indexTensor(
        [...shape.slice(0, -1), width],
        (i) => rows[Math.floor(i / width)] * width + i % width,
      ),
    };
  }

  /**
   * The sum of the last layer's output and an earlier layer's output: the layers in between become a residual layer.
   */
  residual(label: string, a: ElementSource, b: ElementSource): ElementSource {
    const [skip, top] = a.source === this.#top ? [b, a] : [a, b];
    const position = this.#positions.get(skip.source);
    const { indices } = this.rows(label, top);
    const before = position && this.#timeMajor(skip.indices, position);
    const sameRows = before?.shape.join() === indices.shape.join() &&
      indices.data.every((index, i) => index === before.data[i]);
    if (!position || !sameRows || this.steps === "one" || position.layers === this.layers.length) {
      throw cannotImport(label, "it adds neither a constant nor an earlier layer's output, row by row");
    }
    const layers = this.layers.splice(position.layers);
    const depth = layers.reduce((depth, layer) => layer.kind === "residual" ? Math.max(depth, layer.depth) : depth, 0);
    if (depth >= MAX_DEPTH) throw cannotImport(label, `more than ${MAX_DEPTH} residual layers are inside each other`);
    this.layers.push({ kind: "residual", layers, depth: depth + 1 });
    return this.topOutput(indices);
  }

  /**
   * Ends the chain with the first output of the model: every row of the last layer in order, or the last row of each
   * sequence.
   *
   * @returns The function at the end that was passed over.
   * @throws {FormatError} When the output is something else.
   */
  finish(label: string, output: SymbolicValue | undefined): Head | undefined {
    const { head, padding } = isElementSource(output) ? output : {};
    if (padding) throw cannotImport(label, "it has other numbers as padding");
    if (isElementSource(output) && head && output.indices.shape.at(-1) !== head.width) {
      throw cannotImport(label, "its softmax is not over whole rows");
    }
    if (isElementSource(output) && this.isTop(output) && this.#finishUnmerged(output.indices)) return head;
    this.#finishRows(label, this.#rows(label, output));
    return head;
  }

  #finishRows(label: string, { indices: { shape, data } }: ElementSource): void {
    const width = shape.at(-1)!;
    const n = data.length / width;
    const rows = Array.from({ length: n }, (_, i) => data[i * width] / width);
    const r = this.recurrence;
    if (!r || this.steps === "one") return requireRows(label, rows, n, (i) => i);
    const { T, B, layer } = r;
    if (n === T * B) {
      return requireRows(label, rows, n, this.batchFirst ? (i) => (i % T) * B + Math.floor(i / T) : (i) => i);
    }
    if (layer.bidirectional || layer.lengths || !this.layers.includes(layer)) {
      throw cannotImport(label, "its rows are not those of the last layer");
    }
    requireRows(label, rows, B, (b) => (T - 1) * B + b);
    layer.last = true;
  }

  /**
   * Whether the output is `[2, ...]`, the two directions of the last layer one after the other; then merge is "none".
   */
  #finishUnmerged({ data }: OnnxTensor): boolean {
    const r = this.recurrent;
    if (!r?.layer.bidirectional) return false;
    const { T, B, width, layer } = r;
    const H = width / 2;
    const size = data.length / 2;
    const steps = size / (B * H);
    if (steps !== T && steps !== 1) return false;
    for (const last of [false, true]) {
      const inOrder = data.every((index, i) => {
        const direction = Math.floor(i / size), row = Math.floor(i % size / H);
        const [t, b] = this.batchFirst ? [row % steps, Math.floor(row / steps)] : [Math.floor(row / B), row % B];
        const start = last ? T * B * width + row * width : (t * B + b) * width;
        return index === start + direction * H + i % H;
      });
      if (!inOrder || (last ? steps !== 1 : steps !== T)) continue;
      layer.merge = "none";
      layer.last = last;
      return true;
    }
    return false;
  }

  #setTop(source: string): void {
    this.#top = source;
    this.#positions.set(source, { layers: this.layers.length, timeless: !this.recurrence });
  }

  /** Indices of a value before the first recurrent layer, in the time-major order that holds after that layer. */
  #timeMajor(indices: OnnxTensor, { timeless }: Position): OnnxTensor {
    if (!timeless || !this.recurrence || !this.batchFirst) return indices;
    const { T, B } = this.recurrence;
    const width = indices.shape.at(-1)!;
    return indexTensor(indices.shape, (i) => {
      const index = indices.data[i], row = Math.floor(index / width);
      return ((row % T) * B + Math.floor(row / T)) * width + index % width;
    });
  }
}

/** The indices of one direction in a bidirectional output `[T, B, 2 H]` or, with `last`, in its final states. */
export function directionIndices({ T, B, width }: Recurrence, direction: 0 | 1, last: boolean): Float64Array {
  const H = width / 2;
  const rows = last ? B : T * B;
  const start = last ? T * B * width : 0;
  return Float64Array.from({ length: rows * H }, (_, i) => start + Math.floor(i / H) * width + direction * H + i % H);
}

function requireRows(label: string, rows: readonly number[], count: number, expected: (i: number) => number): void {
  if (rows.length === count && rows.every((row, i) => row === expected(i))) return;
  throw cannotImport(label, "its rows are not those of the last layer, in order");
}
