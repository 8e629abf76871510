import { OptionError, requireBelow, ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { PlannedState } from "../layers/layer.ts";
import type { Arena } from "../memory/arena.ts";
import type { Slot } from "../memory/slot.ts";
import type { Value } from "../ops/value.ts";
import {
  type CallOptions,
  type InitialStates,
  oneStep,
  packBatch,
  type PackedBatch,
  type States,
  withDecoder,
} from "./packed_batch.ts";
import type { NetPlan } from "./plan.ts";
import { ParameterRanges } from "./parameter_ranges.ts";
import { RowLayout } from "./row_layout.ts";

/**
 * The border of a session: everything that goes in is checked here, once, before anything is written (`check...`), then copied in
 * (`write...`); everything that comes out is a copy made here.
 */
export class HostIO {
  /** The parameters, and what is laid out as they are. */
  readonly parameters: ParameterRanges;
  protected readonly plan: NetPlan;
  protected readonly rows: RowLayout;

  constructor(plan: NetPlan, arena: Arena) {
    this.plan = plan;
    this.rows = new RowLayout(arena, plan.options.batchFirst ?? false);
    this.parameters = new ParameterRanges(plan.planner, this.rows);
  }

  /** Let go of the memory. */
  release(): void {
    this.rows.release();
  }

  /** Numbers into the first row of a slot. */
  readonly write = (slot: Slot, numbers: ArrayLike<number>): void => {
    this.rows.floats(slot.address, numbers.length).set(numbers);
  };

  /** The first number of a slot. */
  scalar(slot: Slot): number {
    return this.rows.floats(slot.address, 1)[0];
  }

  /** A copy of a flat tensor. */
  readonly readFlat = (slot: Slot): Float32Array => Float32Array.from(this.rows.floats(slot.address, slot.columns));

  /** A copy of a sequence, into `copy` if given. */
  read(slot: Slot, call: PackedBatch, copy?: Float32Array): Float32Array {
    return this.rows.read(slot, call, copy);
  }

  /** The call as the output sees it. */
  outputCall(call: PackedBatch): PackedBatch {
    return this.plan.layer.output.steps === "one" ? oneStep(call) : call.decoder ?? call;
  }

  /** A copy of the output, its parts one behind the other; into `copy` if given. */
  readOutput(call: PackedBatch, copy?: Float32Array): Float32Array {
    const { value, width } = this.plan.layer.output, outside = this.outputCall(call);
    const result = copy ?? new Float32Array(outside.T * outside.B * width);
    for (const { slot, from, to } of this.parts(value, outside)) {
      this.rows.read(slot, outside, result.subarray(from, to));
    }
    return result;
  }

  /** The output itself, where it was. */
  writeOutput(output: ArrayLike<number>, call: PackedBatch): void {
    this.rows.write(this.plan.layer.output.value, output, this.outputCall(call));
  }

  /** The call that x and the options ask for, if all of them fit: of at most `steps` steps. */
  checkCall(
    x: ArrayLike<number>,
    options: CallOptions,
    training: boolean,
    last: PackedBatch | undefined,
    steps: number = this.plan.options.steps,
  ): PackedBatch {
    const { input, decoderInput, options: { batch, decoderSteps } } = this.plan;
    const { batch: B = batch, states = "zero", lengths, shard, decoderInput: given } = options;
    if (!Number.isInteger(B) || B < 1 || B > batch) {
      throw new OptionError(`"batch" of a call must be an integer from 1 to ${batch} (the session's batch), got ${B}`);
    }
    const T = this.#stepsOf("x", x, input, B, steps), fresh = states === "zero" || (states === "carry" && !last);
    const call = packBatch({ T, B, training, fresh, shard }, lengths);
    this.checkTokens("x", x, input, call);
    this.#checkStart(call, states, last);
    if (!decoderInput && !given) return call;
    if (!decoderInput || !given) {
      throw new OptionError(
        `Cannot run a sequence: "decoderInput" must be given for a net with a decoder, and for no other; ${
          given ? "this net has none" : "got none"
        }`,
      );
    }
    const whole = withDecoder(call, this.#stepsOf("decoderInput", given, decoderInput, B, decoderSteps!));
    this.checkTokens("decoderInput", given, decoderInput, whole.decoder!);
    return whole;
  }

  /** Refuses what is no token in the rows of a call. */
  checkTokens(name: string, x: ArrayLike<number>, { kind, width }: Value, call: PackedBatch): void {
    if (kind !== "values") this.rows.forEach(call, (_, i) => i < 0 || requireBelow(name, x[i], i, width));
  }

  /** The T of a sequence of B rows. */
  #stepsOf(name: string, x: ArrayLike<number>, { kind, width }: Value, B: number, steps: number): number {
    const isValues = kind === "values", T = x.length / (isValues ? B * width : B);
    if (Number.isInteger(T) && T >= 1 && T <= steps) return T;
    const shape = [...(this.plan.options.batchFirst ? [B, "T"] : ["T", B]), ...(isValues ? [width] : [])].join(", ");
    throw new ShapeError(
      `Cannot run a sequence: "${name}" must have shape [${shape}] with T from 1 to ${steps}, got ${x.length} elements`,
    );
  }

  /** The number of the training pass, which random numbers depend on. */
  writePass(pass: number): void {
    const { randomCounter } = this.plan.needs;
    if (randomCounter) this.rows.integers(randomCounter.address, 1)[0] = pass;
  }

  /** x into the input's slot, and the decoder's input into that one's. */
  writeInput(x: ArrayLike<number>, call: PackedBatch, decoderInput?: ArrayLike<number>): void {
    const { input, needs: { reverseOrder } } = this.plan;
    this.#writePort(input, x, call);
    if (reverseOrder) this.rows.writeReverse(reverseOrder, call);
    if (decoderInput) this.writeDecoderInput(decoderInput, call.decoder!);
  }

  /** The decoder's input, of a call as the decoder sees it. */
  writeDecoderInput(decoderInput: ArrayLike<number>, call: PackedBatch): void {
    this.#writePort(this.plan.decoderInput!, decoderInput, call);
  }

  #writePort({ kind, value }: Value, x: ArrayLike<number>, call: PackedBatch): void {
    if (kind === "values") this.rows.write(value, x, call);
    else this.rows.writeIntegers(value, x, call);
  }

  /** Initial states. */
  writeStates(
    k: Kernels,
    call: PackedBatch,
    initial: InitialStates,
    last: PackedBatch | undefined,
    states: readonly PlannedState[] = this.plan.layer.states,
  ): void {
    // Rows sorted in two ways meet only outside.
    const given = initial === "carry" && last && (call.order || last.order) ? this.lastStates(last) : initial;
    for (const state of states) {
      const { width, stride, learned } = state, address = state.first(call.B);
      if (typeof given === "object") this.rows.writeBlock({ address, stride, width }, given[state.name], call);
      else if (given === "carry" && last) k.copy(address, state.last(), call.B, width, stride, stride);
      else if (learned) k.copy(address, learned.value.address, call.B, width, stride, 0);
      else k.zero(address, call.B, width, stride);
    }
  }

  /** Copies of the states that a call has started from; of the decoder's, if these are given. */
  firstStates(call: PackedBatch, states?: readonly PlannedState[]): States {
    return this.copyStates((state) => state.first(call.B), call, {}, states);
  }

  /** Copies of the states after a call, into those of `copies` if given. */
  lastStates(call: PackedBatch, copies?: States, states?: readonly PlannedState[]): States {
    return this.copyStates((state) => state.last(), call, copies, states);
  }

  #checkStart({ B }: PackedBatch, initial: InitialStates, last: PackedBatch | undefined): void {
    if (typeof initial === "object") return checkStates("states", this.plan.layer.states, initial, B);
    if (initial === "carry" && this.plan.decoderInput) {
      throw new OptionError("Cannot carry states: a net with a decoder sees every sequence whole");
    }
    if (initial !== "zero" && initial !== "carry") {
      throw new OptionError(`"states" must be "zero", "carry" or states by name, got ${JSON.stringify(initial)}`);
    }
    if (initial === "carry" && last && last.B !== B) {
      throw new ShapeError(`Cannot carry states: the call before had ${last.B} rows, this one has ${B}`);
    }
  }

  protected copyStates(
    address: (state: PlannedState) => number,
    call: PackedBatch,
    copies: States = {},
    states: readonly PlannedState[] = this.plan.layer.states,
  ): States {
    for (const state of states) {
      const { name, stride, width } = state;
      copies[name] = this.rows.readBlock({ address: address(state), stride, width }, call, copies[name]);
    }
    return copies;
  }

  /** Columns of each of the output's parts, and its elements outside. */
  protected parts(slot: Slot, { T, B }: PackedBatch): { slot: Slot; from: number; to: number }[] {
    const { parts = 1 } = this.plan.layer.output, width = slot.columns / parts, size = T * B * width;
    return Array.from({ length: parts }, (_, i) => ({
      slot: slot.slice(i * width, width),
      from: i * size,
      to: (i + 1) * size,
    }));
  }
}

/** States of so many rows, of all names wanted. */
export function checkStates(
  what: string,
  wanted: readonly { name: string; width: number }[],
  given: States,
  B: number,
): void {
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
