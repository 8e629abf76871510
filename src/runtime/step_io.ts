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
  readonly #input: readonly View[];
  /** What `read` has read of x. */
  readonly #x: Int32Array | View;
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
    this.#input = isValues ? views(layout, value.address, B, value.stride, width) : [];
    this.#x = this.#tokens?.slice() ?? layout.floats(value.address, B * value.stride).slice(0, B * width);
    this.#output = views(layout, address, B, stride, columns);
    this.#states = states.map(({ name, width, stride, first, last }: PlannedState) => ({
      name,
      width,
      first: views(layout, first(B), B, stride, width),
      last: views(layout, last(), B, stride, width),
    }));
  }

  /**
   * Check x, and read each element for the last time: what reads x may be code of the caller.
   *
   * @throws {ShapeError} When x is not one step of B rows.
   * @throws {OptionError} When a row is not a token, or a value not a number.
   */
  readInput(x: ArrayLike<number>, B: number): void {
    (this.#tokens ? requireArray : requireNumbers)("x", x);
    if (x.length !== B * this.#width) {
      throw new ShapeError(`Cannot run a step: "x" must be one step of ${B} rows, got ${x.length} elements`);
    }
    if (!this.#tokens) return this.#x.set(x);
    for (let b = 0; b < B; b++) {
      const token = x[b];
      requireBelow("x", token, b, this.#limit);
      this.#x[b] = token;
    }
  }

  /** Write x into memory. */
  writeInput(): void {
    if (this.#tokens) this.#tokens.set(this.#x);
    else copyIn(this.#input, this.#x as View, this.#width);
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
  readOutput(output: Float32Array): void {
    copyOut(output, this.#output, output.length / this.#output.length);
  }
}

function copyIn(rows: readonly View[], data: View, width: number): void {
  if (rows.length === 1) return rows[0].set(data); // a part of the data would be a new view
  for (let b = 0, from = 0; b < rows.length; b++) {
    for (let i = 0; i < width; i++) rows[b][i] = data[from++];
  }
}

function copyOut(data: Float32Array, rows: readonly View[], width: number): void {
  for (let b = 0; b < rows.length; b++) data.set(rows[b], b * width);
}
