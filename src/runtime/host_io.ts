import { OptionError, requireArray, requireBelow, requireNumbers, ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { PlannedState } from "../layers/layer.ts";
import type { Arena } from "../memory/arena.ts";
import type { Slot } from "../memory/slot.ts";
import type { Value } from "../ops/value.ts";
import { checkInitialStates } from "./initial_states.ts";
import {
  type CallOptions,
  type InitialStates,
  oneStep,
  packBatch,
  type PackedBatch,
  type States,
  withDecoder,
} from "./packed_batch.ts";
import { Parameters } from "./parameters.ts";
import type { NetPlan } from "./plan.ts";
import { RowLayout } from "./row_layout.ts";
import { StepIO } from "./step_io.ts";
import { Staging } from "./staging.ts";

/** The inputs of one call after all checks. Tokens are copies in the staging. */
export interface CheckedInput {
  /** The number of the call, for `Staging.requireCall`. */
  readonly call: number;
  readonly batch: PackedBatch;
  readonly x: ArrayLike<number>;
  readonly decoderInput?: ArrayLike<number>;
  readonly states: InitialStates;
}

/**
 * The transfer between the caller and the memory of a net. `check...` methods check everything once, before anything is
 * written; `write...` methods copy in; `read...` methods return copies.
 */
export class HostIO {
  /** The parameters, and the ranges with their layout. */
  readonly parameters: Parameters;
  /** The copies of the caller's tokens and targets. */
  readonly staging: Staging;
  protected readonly plan: NetPlan;
  protected readonly layout: RowLayout;
  readonly #steps: StepIO[] = [];

  constructor(plan: NetPlan, arena: Arena) {
    this.plan = plan;
    this.layout = new RowLayout(arena, plan.options.batchFirst ?? false);
    this.staging = new Staging(this.layout, plan.staging);
    this.parameters = new Parameters(plan.planner, this.layout);
  }

  /** The transfer of one step of B rows. */
  stepIO(B: number): StepIO {
    return this.#steps[B] ??= new StepIO(this.plan, this.layout, B);
  }

  /** Release the memory. */
  release(): void {
    this.#steps.length = 0;
    this.layout.release();
    this.staging.release();
  }

  /** Write numbers into the first row of a slot. */
  readonly write = (slot: Slot, numbers: ArrayLike<number>): void =>
    this.layout.floats(slot.address, numbers.length).set(numbers);

  /** The first number of a slot. */
  scalar(slot: Slot): number {
    return this.layout.floats(slot.address, 1)[0];
  }

  /** A copy of the first row of a slot: of a whole tensor that is stored flat. */
  readonly readFlat = (slot: Slot): Float32Array => Float32Array.from(this.layout.floats(slot.address, slot.columns));

  /** A copy of a sequence; in `copy` if given. */
  read(slot: Slot, batch: PackedBatch, copy?: Float32Array): Float32Array {
    return this.layout.read(slot, batch, copy);
  }

  /** The batch as the output of the net has it. */
  outputBatch(batch: PackedBatch): PackedBatch {
    return this.plan.layer.output.steps === "one" ? oneStep(batch) : batch.decoder ?? batch;
  }

  /** A copy of the output, one part after the other; in `copy` if given. */
  readOutput(batch: PackedBatch, copy?: Float32Array): Float32Array {
    const { value, width } = this.plan.layer.output;
    const outputBatch = this.outputBatch(batch);
    const output = copy ?? new Float32Array(outputBatch.T * outputBatch.B * width);
    for (const { slot, from, to } of this.outputParts(value, outputBatch)) {
      this.layout.read(slot, outputBatch, output.subarray(from, to));
    }
    return output;
  }

  /** Write the output where the net has left it. */
  writeOutput(output: ArrayLike<number>, batch: PackedBatch): void {
    this.layout.write(this.plan.layer.output.value, output, this.outputBatch(batch));
  }

  /**
   * Check x and the options of a call. Tokens are copied, and the copies are checked.
   *
   * @param last The batch of the last call, whose states `"carry"` carries on.
   * @param steps The most steps of x. Default: the plan's.
   * @throws {ShapeError} When the size of x, of the decoder's input or of states does not fit.
   * @throws {OptionError} When an option or a token is out of range.
   */
  checkInput(
    x: ArrayLike<number>,
    options: CallOptions,
    training: boolean,
    last: PackedBatch | undefined,
    steps: number = this.plan.options.steps,
  ): CheckedInput {
    const { input, options: { batch: most, steps: planned } } = this.plan;
    const { batch: B = most, states = "zero", lengths, shard, decoderInput } = options;
    if (!Number.isInteger(B) || B < 1 || B > most) {
      throw new OptionError(`"batch" of a call must be an integer from 1 to ${most} (the session's batch), got ${B}`);
    }
    const T = this.#requireSteps("x", x, input, B, steps);
    const fresh = states === "zero" || (states === "carry" && !last);
    const batch = packBatch({ T, B, training, fresh, shard }, lengths);
    const call = this.staging.begin(steps > planned);
    const tokens = this.stageTokens("x", x, input, batch);
    checkInitialStates(this.plan, batch, states, last);
    const decoder = this.#checkDecoderInput(decoderInput, batch);
    return { call, batch: decoder?.batch ?? batch, x: tokens, decoderInput: decoder?.x, states };
  }

  /** The batch with its decoder, and the decoder's input, if the net has one. */
  #checkDecoderInput(
    values: ArrayLike<number> | undefined,
    batch: PackedBatch,
  ): Pick<CheckedInput, "batch" | "x"> | undefined {
    const { decoderInput, options: { decoderSteps } } = this.plan;
    if (!decoderInput && !values) return;
    if (!decoderInput || !values) {
      throw new OptionError(
        `Cannot run a sequence: "decoderInput" must be given for a net with a decoder, and for no other; ${
          values ? "this net has none" : "got none"
        }`,
      );
    }
    const T = this.#requireSteps("decoderInput", values, decoderInput, batch.B, decoderSteps!);
    const withSteps = withDecoder(batch, T);
    return { batch: withSteps, x: this.stageTokens("decoderInput", values, decoderInput, withSteps.decoder!) };
  }

  /**
   * A copy of tokens, checked; or values themselves.
   *
   * @throws {OptionError} When a row of the batch is not a token of the input.
   */
  stageTokens(
    name: string,
    x: ArrayLike<number>,
    { kind, width }: Value,
    batch: PackedBatch,
  ): ArrayLike<number> {
    if (kind === "values") return x;
    const tokens = this.staging.copy(name, x, batch.T * batch.B);
    this.layout.forEach(batch, (_, i) => i < 0 || requireBelow(name, tokens[i], i, width));
    return tokens;
  }

  /** The number of steps T of a sequence of B rows. */
  #requireSteps(name: string, x: ArrayLike<number>, { kind, width }: Value, B: number, steps: number): number {
    const isValues = kind === "values";
    const { length } = (isValues ? requireNumbers : requireArray)(name, x);
    const T = length / (isValues ? B * width : B);
    if (Number.isInteger(T) && T >= 1 && T <= steps) return T;
    const shape = [...(this.plan.options.batchFirst ? [B, "T"] : ["T", B]), ...(isValues ? [width] : [])].join(", ");
    throw new ShapeError(
      `Cannot run a sequence: "${name}" must have shape [${shape}] with T from 1 to ${steps}, got ${length} elements`,
    );
  }

  /** Write the number of the training pass, on which random numbers depend. */
  writePass(pass: number): void {
    const { randomCounter } = this.plan.needs;
    if (randomCounter) this.layout.integers(randomCounter.address, 1)[0] = pass;
  }

  /** Write x and the decoder's input, tokens first: reading the caller's values may run a getter of the caller. */
  writeInput(x: ArrayLike<number>, batch: PackedBatch, decoderInput?: ArrayLike<number>): void {
    const { input, needs: { reverseOrder } } = this.plan;
    if (reverseOrder) this.layout.writeReverse(reverseOrder, batch);
    if (input.kind !== "values") this.#writeValue(input, x, batch);
    if (decoderInput) this.writeDecoderInput(decoderInput, batch.decoder!);
    if (input.kind === "values") this.#writeValue(input, x, batch);
  }

  /** Write the decoder's input; `batch` is that of the decoder. */
  writeDecoderInput(decoderInput: ArrayLike<number>, batch: PackedBatch): void {
    this.#writeValue(this.plan.decoderInput!, decoderInput, batch);
  }

  #writeValue({ kind, value }: Value, x: ArrayLike<number>, batch: PackedBatch): void {
    if (kind === "values") this.layout.write(value, x, batch);
    else this.layout.writeIntegers(value, x, batch);
  }

  /**
   * Write the initial states.
   *
   * @param last The batch of the last call, whose states `"carry"` carries on.
   * @param states The states to write. Default: those of the whole net.
   */
  writeStates(
    k: Kernels,
    batch: PackedBatch,
    initial: InitialStates,
    last: PackedBatch | undefined,
    states: readonly PlannedState[] = this.plan.layer.states,
  ): void {
    // Two batches may sort their rows differently. Copies of the states are in the caller's order.
    const source = initial === "carry" && last && (batch.order || last.order) ? this.lastStates(last) : initial;
    for (const state of states) {
      const { width, stride, learned } = state;
      const address = state.first(batch.B);
      if (typeof source === "object") this.layout.writeBlock({ address, stride, width }, source[state.name], batch);
      else if (source === "carry" && last) k.copy(address, state.last(), batch.B, width, stride, stride);
      else if (learned) k.copy(address, learned.value.address, batch.B, width, stride, 0);
      else k.zero(address, batch.B, width, stride);
    }
  }

  /** Copies of the initial states of a batch; of `states` if given. */
  firstStates(batch: PackedBatch, states?: readonly PlannedState[]): States {
    return this.copyStates((state) => state.first(batch.B), batch, {}, states);
  }

  /** Copies of the last states of a batch, in the arrays of `copies` if given; of `states` if given. */
  lastStates(batch: PackedBatch, copies?: States, states?: readonly PlannedState[]): States {
    return this.copyStates((state) => state.last(), batch, copies, states);
  }

  protected copyStates(
    address: (state: PlannedState) => number,
    batch: PackedBatch,
    copies: States = {},
    states: readonly PlannedState[] = this.plan.layer.states,
  ): States {
    for (const state of states) {
      const { name, stride, width } = state;
      copies[name] = this.layout.readBlock({ address: address(state), stride, width }, batch, copies[name]);
    }
    return copies;
  }

  /** The columns of each part of the output, and the range of the part's elements in the caller's array. */
  protected outputParts(slot: Slot, { T, B }: PackedBatch): { slot: Slot; from: number; to: number }[] {
    const { parts = 1 } = this.plan.layer.output, width = slot.columns / parts, size = T * B * width;
    return Array.from({ length: parts }, (_, i) => ({
      slot: slot.slice(i * width, width),
      from: i * size,
      to: (i + 1) * size,
    }));
  }
}
