import { OptionError, ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Arena } from "../memory/arena.ts";
import type { Slot } from "../memory/slot.ts";
import type { Extent } from "../ops/port.ts";
import type { PlannedLoss } from "../training/losses.ts";
import type { NetPlan } from "./plan.ts";
import type { InitialStates, States } from "./session.ts";

/**
 * The border of a session: everything that goes in is checked here, once, before anything is written; everything that comes out
 * is copied here, without the padding between rows.
 */
export class Border {
  readonly #plan: NetPlan;
  #arena: Arena | undefined;

  constructor(plan: NetPlan, arena: Arena) {
    this.#plan = plan;
    this.#arena = arena;
  }

  /** Let go of the memory. */
  release(): void {
    this.#arena = undefined;
  }

  /** Numbers into the first row of a slot. */
  readonly write = (slot: Slot, numbers: readonly number[]): void => {
    this.#floats(slot.address, numbers.length).set(numbers);
  };

  /** The first number of a slot. */
  scalar(slot: Slot): number {
    return this.#floats(slot.address, 1)[0];
  }

  /** A copy of the first rows of a slot. */
  read(slot: Slot, rows: number): Float32Array {
    return this.#readRows(slot.address, slot.stride, slot.columns, rows);
  }

  /** How many steps x has, when it fits B rows. */
  checkInput(x: ArrayLike<number>, B: number): Extent {
    const { input, options: { batch, steps } } = this.#plan;
    if (!Number.isInteger(B) || B < 1 || B > batch) {
      throw new OptionError(`"batch" of a call must be an integer from 1 to ${batch} (the session's batch), got ${B}`);
    }
    const perStep = input.kind === "values" ? B * input.width : B;
    const T = x.length / perStep;
    if (!Number.isInteger(T) || T < 1 || T > steps) {
      const shape = input.kind === "values" ? `[T, ${B}, ${input.width}]` : `[T, ${B}]`;
      throw new ShapeError(
        `Cannot run a sequence: "x" must have shape ${shape} with T from 1 to ${steps}, got ${x.length} elements`,
      );
    }
    if (input.kind !== "values") {
      for (let i = 0; i < x.length; i++) requireBelow("x", x[i], i, input.width);
    }
    return { T, B };
  }

  /** Whether a call of B rows can start from these states. */
  checkStart({ B }: Extent, initial: InitialStates, last: Extent | undefined): void {
    if (typeof initial === "object") return checkStates("states", this.#plan.layer.states, initial, B);
    if (initial !== "zero" && initial !== "carry") {
      throw new OptionError(`"states" must be "zero", "carry" or states by name, got ${JSON.stringify(initial)}`);
    }
    if (initial === "carry" && last && last.B !== B) {
      throw new ShapeError(`Cannot carry states: the call before had ${last.B} rows, this one has ${B}`);
    }
  }

  /** x into the input's slot; after `checkInput`. */
  writeInput(x: ArrayLike<number>, { T, B }: Extent): void {
    const { kind, value } = this.#plan.input;
    if (kind === "values") this.writeRows("x", value, x, T * B);
    else this.#ints(value.address, x.length).set(x);
  }

  /** Classes into the loss's slot, ignored ones as -1; the scale of a mean; returns how many count. */
  writeTargets(loss: PlannedLoss, y: ArrayLike<number>, rows: number): number {
    const classes = this.#plan.layer.output.width;
    if (y.length !== rows) {
      throw new ShapeError(
        `Cannot measure a loss: "y" must have ${rows} elements, as many as x has rows, got ${y.length}`,
      );
    }
    let count = 0;
    for (let i = 0; i < rows; i++) {
      if (y[i] === loss.ignoreIndex) continue;
      requireBelow("y", y[i], i, classes);
      count++;
    }
    if (!count) throw new OptionError('Cannot measure a loss: every element of "y" is ignored');
    const view = this.#ints(loss.targets.address, rows);
    for (let i = 0; i < rows; i++) view[i] = y[i] === loss.ignoreIndex ? -1 : y[i];
    this.write(loss.scale, [1 / count]);
    return count;
  }

  /** Dense rows into a slot. */
  writeRows(name: string, { address, stride, columns }: Slot, data: ArrayLike<number>, rows: number): void {
    if (data.length !== rows * columns) {
      throw new ShapeError(
        `Cannot read "${name}": expected ${rows} rows of ${columns} elements, got ${data.length} elements`,
      );
    }
    const view = this.#floats(address, (rows - 1) * stride + columns);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) view[r * stride + c] = data[r * columns + c];
    }
  }

  /** Initial states for a call of B rows; after `checkStart`. */
  writeStates(k: Kernels, { B }: Extent, initial: InitialStates, last: Extent | undefined): void {
    const { states } = this.#plan.layer;
    for (const state of states) {
      const { width, stride } = state, target = state.step(0, B);
      if (typeof initial === "object") this.#spread(target, stride, width, initial[state.name]);
      else if (initial === "carry" && last) k.copy(target, state.step(last.T, B), B, width, stride, stride);
      else k.zero(target, B, width, stride);
    }
  }

  /** Copies of the states after a call. */
  finalStates({ T, B }: Extent): States {
    return Object.fromEntries(
      this.#plan.layer.states.map((s) => [s.name, this.#readRows(s.step(T, B), s.stride, s.width, B)]),
    );
  }

  /** Zero the gradients of all parameters, of the first and of the last states. */
  clearGradients(k: Kernels, { B }: Extent): void {
    const { planner, layer } = this.#plan;
    k.zero(planner.ranges.gradient, 1, planner.elements, planner.elements);
    for (const { width, gradient } of layer.states) {
      k.zero(gradient.first(B), B, width, gradient.stride);
      k.zero(gradient.last(), B, width, gradient.stride);
    }
  }

  /** Given gradients of the last states; those not given stay as they are. */
  writeLastGradients({ B }: Extent, dStates: States): void {
    const given = this.#plan.layer.states.filter((state) => state.name in dStates);
    checkStates("dStates", given, dStates, B);
    for (const { name, width, gradient } of given) {
      this.#spread(gradient.last(), gradient.stride, width, dStates[name]);
    }
  }

  /** Copies of the gradients of the initial states, after backward. */
  initialGradients({ B }: Extent): States {
    return Object.fromEntries(
      this.#plan.layer.states.map((s) => [
        s.name,
        this.#readRows(s.gradient.first(B), s.gradient.stride, s.width, B),
      ]),
    );
  }

  /** All parameters, or none of them. */
  setParameters(tensors: ReadonlyMap<string, { shape: readonly number[]; data: ArrayLike<number> }>): void {
    const slots = this.#plan.planner.parameters;
    const faults = slots.flatMap(({ name, shape, size }) => {
      const tensor = tensors.get(name);
      if (!tensor) return [`"${name}" is missing`];
      const fits = tensor.shape.join() === shape.join() && tensor.data.length === size;
      return fits ? [] : [`"${name}" must have shape [${shape}], got [${tensor.shape}]`];
    });
    const known = new Set(slots.map((slot) => slot.name));
    for (const name of tensors.keys()) if (!known.has(name)) faults.push(`"${name}" is not a parameter of this net`);
    if (faults.length) throw new ShapeError(`Cannot set the parameters: ${faults.join("; ")}`);
    for (const { name, value, size } of slots) this.#floats(value.address, size).set(tensors.get(name)!.data);
  }

  #spread(address: number, stride: number, columns: number, data: Float32Array): void {
    for (let r = 0, o = 0; o < data.length; r++, o += columns) {
      this.#floats(address + r * stride * 4, columns).set(data.subarray(o, o + columns));
    }
  }

  #readRows(address: number, stride: number, columns: number, rows: number): Float32Array {
    const view = this.#floats(address, (rows - 1) * stride + columns);
    const copy = new Float32Array(rows * columns);
    for (let r = 0; r < rows; r++) copy.set(view.subarray(r * stride, r * stride + columns), r * columns);
    return copy;
  }

  #floats(address: number, length: number): Float32Array | Float64Array {
    return this.#arena!.floats(address, length);
  }

  #ints(address: number, length: number): Int32Array {
    return this.#arena!.ints(address, length);
  }
}

function requireBelow(what: string, value: number, index: number, limit: number): void {
  if (Number.isInteger(value) && value >= 0 && value < limit) return;
  throw new OptionError(
    `Every element of "${what}" must be an integer from 0 to ${limit - 1}, got ${value} at ${index}`,
  );
}

function checkStates(what: string, wanted: readonly { name: string; width: number }[], given: States, B: number): void {
  const names = new Set(wanted.map((state) => state.name));
  const unknown = Object.keys(given).find((name) => !names.has(name));
  if (unknown) {
    throw new ShapeError(`Cannot use "${what}": the net has no state "${unknown}", it has ${[...names].join(", ")}`);
  }
  for (const { name, width } of wanted) {
    const length = given[name]?.length;
    if (length === B * width) continue;
    throw new ShapeError(
      `Cannot use "${what}": "${name}" must have ${B} rows of ${width} elements, got ${length ?? "none"}`,
    );
  }
}
