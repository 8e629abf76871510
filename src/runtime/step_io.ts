import { requireArray, requireBelow, requireNumbers, ShapeError } from "../errors.ts";
import type { PlannedState } from "../layers/layer.ts";
import type { NetPlan } from "./plan.ts";
import type { States } from "./packed_batch.ts";
import type { RowLayout } from "./row_layout.ts";

type View = Float32Array | Float64Array;

/** The rows of a block in memory, a view each. */
function views(layout: RowLayout, address: number, B: number, stride: number, width: number): View[] {
  return Array.from({ length: B }, (_, b) => layout.floats(address + 4 * b * stride, width));
}

/** A state before and after the step. */
interface StateViews {
  readonly name: string;
  readonly width: number;
  readonly first: readonly View[];
  readonly last: readonly View[];
}

/**
 * The transfer of one step of B rows, without allocations: an audio thread may not wait for the garbage collector. All
 * views of the memory are made once.
 */
export class StepIO {
  readonly #tokens: Int32Array | undefined;
  /** The tokens of x, read once: what was checked is what is written. */
  readonly #checked: Int32Array;
  readonly #input: readonly View[];
  readonly #output: readonly View[];
  readonly #states: readonly StateViews[];
  /** Elements of a row of the input. */
  readonly #width: number;
  /** Tokens that there are. */
  readonly #limit: number;

  constructor({ input: { kind, value, width }, layer: { output, states } }: NetPlan, layout: RowLayout, B: number) {
    const isValues = kind === "values";
    const { address, stride, columns } = output.value;
    this.#width = isValues ? width : 1;
    this.#limit = width;
    this.#tokens = isValues ? undefined : layout.integers(value.address, B);
    this.#checked = new Int32Array(B);
    this.#input = isValues ? views(layout, value.address, B, value.stride, width) : [];
    this.#output = views(layout, address, B, stride, columns);
    this.#states = states.map(({ name, width, stride, first, last }: PlannedState) => ({
      name,
      width,
      first: views(layout, first(B), B, stride, width),
      last: views(layout, last(), B, stride, width),
    }));
  }

  /**
   * @throws {ShapeError} When x is not one step of B rows.
   * @throws {OptionError} When a row is not a token, or a value not a number.
   */
  check(x: ArrayLike<number>, B: number): void {
    const tokens = this.#tokens;
    if (tokens) requireArray("x", x);
    else requireNumbers("x", x);
    if (x.length !== B * this.#width) {
      throw new ShapeError(`Cannot run a step: "x" must be one step of ${B} rows, got ${x.length} elements`);
    }
    for (let b = 0; tokens && b < B; b++) {
      const token = x[b];
      requireBelow("x", token, b, this.#limit);
      this.#checked[b] = token;
    }
  }

  /** Write x after its check. */
  write(x: ArrayLike<number>): void {
    if (this.#tokens) this.#tokens.set(this.#checked);
    else copyIn(this.#input, x, this.#width);
  }

  /** Write the states before the step. */
  writeStates(states: States): void {
    for (let i = 0; i < this.#states.length; i++) {
      const { name, width, first } = this.#states[i];
      copyIn(first, states[name], width);
    }
  }

  /** Copy the states after the step into `states`, whose arrays are made the first time. */
  readStates(states: States): void {
    for (let i = 0; i < this.#states.length; i++) {
      const { name, width, last } = this.#states[i];
      copyOut(states[name] ??= new Float32Array(last.length * width), last, width);
    }
  }

  /** Copy the outputs. */
  read(output: Float32Array): void {
    copyOut(output, this.#output, output.length / this.#output.length);
  }
}

/** Rows of this many elements and more are copied at once, which costs a call of the engine. */
const WIDE_ROW = 16;

function copyIn(rows: readonly View[], data: ArrayLike<number>, width: number): void {
  if (rows.length === 1 && width >= WIDE_ROW) return rows[0].set(data);
  for (let b = 0, from = 0; b < rows.length; b++) {
    const row = rows[b];
    for (let i = 0; i < width; i++) row[i] = data[from++];
  }
}

function copyOut(data: Float32Array, rows: readonly View[], width: number): void {
  for (let b = 0, to = 0; b < rows.length; b++, to += width) {
    const row = rows[b];
    if (width >= WIDE_ROW) data.set(row, to);
    else for (let i = 0; i < width; i++) data[to + i] = row[i];
  }
}
