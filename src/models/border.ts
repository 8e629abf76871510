import { OptionError, requireBelow, ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { PlannedState } from "../layers/layer.ts";
import type { Arena } from "../memory/arena.ts";
import type { Slot } from "../memory/slot.ts";
import type { Port } from "../ops/port.ts";
import type { TargetRows } from "../training/losses/loss.ts";
import { type Call, type CallOptions, type InitialStates, makeCall, once, type States } from "./call.ts";
import type { NetPlan } from "./plan.ts";
import { ParameterRanges } from "./parameter_ranges.ts";
import { Rows } from "./rows.ts";

/**
 * The border of a session: everything that goes in is checked here, once, before anything is written (`check...`), then copied in
 * (`write...`); everything that comes out is a copy made here.
 */
export class Border {
  /** The parameters, and what is laid out as they are. */
  readonly parameters: ParameterRanges;
  readonly #plan: NetPlan;
  readonly #rows: Rows;

  constructor(plan: NetPlan, arena: Arena) {
    this.#plan = plan;
    this.#rows = new Rows(arena, plan.options.batchFirst ?? false);
    this.parameters = new ParameterRanges(plan.planner, this.#rows);
  }

  /** Let go of the memory. */
  release(): void {
    this.#rows.release();
  }

  /** Numbers into the first row of a slot. */
  readonly write = (slot: Slot, numbers: ArrayLike<number>): void => {
    this.#rows.floats(slot.address, numbers.length).set(numbers);
  };

  /** The first number of a slot. */
  scalar(slot: Slot): number {
    return this.#rows.floats(slot.address, 1)[0];
  }

  /** A copy of a flat tensor. */
  readonly readFlat = (slot: Slot): Float32Array => Float32Array.from(this.#rows.floats(slot.address, slot.columns));

  /** A copy of a sequence, into `copy` if given. */
  read(slot: Slot, call: Call, copy?: Float32Array): Float32Array {
    return this.#rows.read(slot, call, copy);
  }

  /** The call as the output sees it. */
  outputCall(call: Call): Call {
    return this.#plan.layer.output.once ? once(call) : call;
  }

  /** A copy of the output, its parts one behind the other; into `copy` if given. */
  readOutput(call: Call, copy?: Float32Array): Float32Array {
    const { value, width } = this.#plan.layer.output, outside = this.outputCall(call);
    const result = copy ?? new Float32Array(outside.T * outside.B * width);
    for (const { slot, from, to } of this.#parts(value, outside)) {
      this.#rows.read(slot, outside, result.subarray(from, to));
    }
    return result;
  }

  /** The numbers of a layer's output that are no padding. */
  forEachOutput({ value, once: single }: Port, call: Call, visit: (value: number) => void): void {
    const inside = single ? once(call) : call, { stride, columns } = value;
    const view = this.#rows.floats(value.address, inside.T * inside.B * stride);
    this.#rows.forEach(inside, (row, outside) => {
      if (outside < 0) return;
      for (let c = row * stride; c < row * stride + columns; c++) visit(view[c]);
    });
  }

  /** The output itself, where it was. */
  writeOutput(output: ArrayLike<number>, call: Call): void {
    this.#rows.write(this.#plan.layer.output.value, output, this.outputCall(call));
  }

  /** One element of dOutput for each of the output. */
  checkOutputGradient(dOutput: ArrayLike<number>, call: Call): void {
    this.checkLength("dOutput", dOutput, this.outputCall(call), this.#plan.layer.output.width);
  }

  /** The gradient of the output, laid out as the output is. */
  writeOutputGradient(dOutput: ArrayLike<number>, call: Call): void {
    const outside = this.outputCall(call), parts = this.#parts(this.#plan.layer.output.gradient!, outside);
    for (const { slot, from } of parts) this.#rows.write(slot, dOutput, outside, from);
  }

  /** The gradient of an output that nothing depends on. */
  clearOutputGradient(k: Kernels, call: Call): void {
    const { T, B } = this.outputCall(call), { address, columns, stride } = this.#plan.layer.output.gradient!;
    k.zero(address, T * B, columns, stride);
  }

  /** The call that x and the options ask for, if all of them fit: of at most `steps` steps. */
  checkCall(
    x: ArrayLike<number>,
    options: CallOptions,
    training: boolean,
    last: Call | undefined,
    steps: number = this.#plan.options.steps,
  ): Call {
    const { input, options: { batch, batchFirst } } = this.#plan;
    const { batch: B = batch, states = "zero", lengths } = options;
    if (!Number.isInteger(B) || B < 1 || B > batch) {
      throw new OptionError(`"batch" of a call must be an integer from 1 to ${batch} (the session's batch), got ${B}`);
    }
    const width = input.kind === "values" ? input.width : 1, T = x.length / (B * width);
    if (!Number.isInteger(T) || T < 1 || T > steps) {
      const shape = [...(batchFirst ? [B, "T"] : ["T", B]), ...(input.kind === "values" ? [width] : [])].join(", ");
      throw new ShapeError(
        `Cannot run a sequence: "x" must have shape [${shape}] with T from 1 to ${steps}, got ${x.length} elements`,
      );
    }
    const fresh = states === "zero" || (states === "carry" && !last);
    const call = makeCall({ T, B, training, fresh }, lengths);
    if (input.kind !== "values") {
      this.#rows.forEach(call, (_, i) => i < 0 || requireBelow("x", x[i], i, input.width));
    }
    this.#checkStart(call, states, last);
    return call;
  }

  /** The call's rows as a loss sees them. */
  targetRows(call: Call): TargetRows {
    const rows = this.#rows, outside = this.outputCall(call), { T, B, whole, lengths, order } = outside;
    return {
      B,
      count: whole * B,
      forEach: (visit) => rows.forEach(outside, visit),
      sequence: (b) => order ? order[b] : b,
      steps: (b) => lengths ? lengths[b] : T,
      floats: (address, n) => rows.floats(address, n),
      integers: (address, n) => rows.integers(address, n),
    };
  }

  /** States of all names, of B rows. */
  checkStates(states: States, B: number): void {
    checkStates("states", this.#plan.layer.states, states, B);
  }

  /** Gradients of last states, by name; not all have to be there. */
  checkStateGradients(dStates: States, { B }: Call): void {
    const { states } = this.#plan.layer;
    checkStates("dStates", states.filter((state) => state.name in dStates), dStates, B);
  }

  /** One element for each of the call's rows and columns. */
  checkLength(name: string, data: ArrayLike<number>, { whole, B }: Call, columns: number): void {
    const n = whole * B;
    if (data.length === n * columns) return;
    const rows = columns === 1 ? `${n} elements` : `${n} rows of ${columns} elements`;
    throw new ShapeError(`Cannot read "${name}": expected ${rows}, as the output has, got ${data.length} elements`);
  }

  /** The number of the training pass, which random numbers depend on. */
  writePass(pass: number): void {
    const { counter } = this.#plan.planner;
    if (counter) this.#rows.integers(counter.address, 1)[0] = pass;
  }

  /** x into the input's slot. */
  writeInput(x: ArrayLike<number>, call: Call): void {
    const { input: { kind, value }, planner: { reverseOrder } } = this.#plan;
    if (kind === "values") this.#rows.write(value, x, call);
    else this.#rows.writeIntegers(value, x, call);
    if (reverseOrder) this.#rows.writeReverse(reverseOrder, call);
  }

  /** Initial states. */
  writeStates(k: Kernels, call: Call, initial: InitialStates, last: Call | undefined): void {
    // Rows sorted in two ways meet only outside.
    const given = initial === "carry" && last && (call.order || last.order) ? this.lastStates(last) : initial;
    for (const state of this.#plan.layer.states) {
      const { width, stride, learned } = state, address = state.first(call.B);
      if (typeof given === "object") this.#rows.writeBlock({ address, stride, width }, given[state.name], call);
      else if (given === "carry" && last) k.copy(address, state.last(), call.B, width, stride, stride);
      else if (learned) k.copy(address, learned.value.address, call.B, width, stride, 0);
      else k.zero(address, call.B, width, stride);
    }
  }

  /** Gradients of the initial states into those of the parameters that they came from; after backward. */
  addLearnedGradients(k: Kernels, { B, fresh }: Call): void {
    for (const { width, stride, learned, gradient } of this.#plan.layer.states) {
      if (learned && fresh) k.columnSums(learned.gradient.address, gradient.first(B), B, width, stride);
    }
  }

  /** Whether the rows of a call are finite numbers in a slot. */
  finite({ address, stride, columns }: Slot, { T, B }: Call): boolean {
    const view = this.#rows.floats(address, T * B * stride);
    for (let row = 0; row < T * B; row++) {
      for (let i = row * stride; i < row * stride + columns; i++) if (!Number.isFinite(view[i])) return false;
    }
    return true;
  }

  /** Copies of the states that a call has started from. */
  firstStates(call: Call): States {
    return this.#copyStates((state) => state.first(call.B), call);
  }

  /** Copies of the states after a call, into those of `copies` if given. */
  lastStates(call: Call, copies?: States): States {
    return this.#copyStates((state) => state.last(), call, copies);
  }

  /** Zero the gradients of all parameters. */
  clearParameterGradients(k: Kernels): void {
    const { planner } = this.#plan;
    k.zero(planner.ranges.gradient, 1, planner.elements, planner.elements);
  }

  /** Zero the gradients of the first and of the last states. */
  clearStateGradients(k: Kernels, { B }: Call): void {
    for (const { width, stride, gradient } of this.#plan.layer.states) {
      k.zero(gradient.first(B), B, width, stride);
      k.zero(gradient.last(), B, width, stride);
    }
  }

  /** Given gradients of the last states; those not given stay as they are. */
  writeStateGradients(dStates: States, call: Call): void {
    for (const { name, width, stride, gradient } of this.#plan.layer.states) {
      if (name in dStates) this.#rows.writeBlock({ address: gradient.last(), stride, width }, dStates[name], call);
    }
  }

  /** Copies of the gradients of the initial states, after backward. */
  readStateGradients(call: Call): States {
    return this.#copyStates((state) => state.gradient.first(call.B), call);
  }

  #checkStart({ B }: Call, initial: InitialStates, last: Call | undefined): void {
    if (typeof initial === "object") return checkStates("states", this.#plan.layer.states, initial, B);
    if (initial !== "zero" && initial !== "carry") {
      throw new OptionError(`"states" must be "zero", "carry" or states by name, got ${JSON.stringify(initial)}`);
    }
    if (initial === "carry" && last && last.B !== B) {
      throw new ShapeError(`Cannot carry states: the call before had ${last.B} rows, this one has ${B}`);
    }
  }

  #copyStates(address: (state: PlannedState) => number, call: Call, copies: States = {}): States {
    for (const state of this.#plan.layer.states) {
      const { name, stride, width } = state;
      copies[name] = this.#rows.readBlock({ address: address(state), stride, width }, call, copies[name]);
    }
    return copies;
  }

  /** Columns of each of the output's parts, and its elements outside. */
  #parts(slot: Slot, { T, B }: Call): { slot: Slot; from: number; to: number }[] {
    const { parts = 1 } = this.#plan.layer.output, width = slot.columns / parts, size = T * B * width;
    return Array.from({ length: parts }, (_, i) => ({
      slot: slot.slice(i * width, width),
      from: i * size,
      to: (i + 1) * size,
    }));
  }
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
