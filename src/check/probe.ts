import type { Kernels } from "../kernels/kernels.ts";
import type { PlannedState } from "../layers/layer.ts";
import type { Arena } from "../memory/arena.ts";
import type { Slot } from "../memory/slot.ts";
import type { PackedBatch, States } from "../runtime/packed_batch.ts";
import type { TrainingRunner } from "../session/training_runner.ts";
import type { TrainingPlan } from "../session/plan_training.ts";
import { Session } from "../session/session.ts";
import type { Value } from "../ops/value.ts";
import type { Trial } from "./trial.ts";

/** Masks are drawn by the number of the pass: all passes have this one. */
const PASS = 1;

/** One net in one arithmetic: the loss of a trial, and all gradients of it. Every pass draws the same dropout masks. */
export class Probe {
  readonly #plan: TrainingPlan;
  readonly #arena: Arena;
  readonly #session: Session;
  readonly #runner: TrainingRunner;

  constructor(plan: TrainingPlan, kernels: Kernels, arena: Arena) {
    this.#plan = plan;
    this.#arena = arena;
    this.#session = new Session(plan, kernels, arena); // writes constants and the parameters' first values
    this.#runner = this.#session.runner;
  }

  /** The parameters where they lie: call `refresh` after a change. */
  parameters(): Map<string, { readonly shape: readonly number[]; readonly data: Float32Array | Float64Array }> {
    return new Map(
      this.#plan.planner.parameters.map(({ name, shape, value, size }) => [
        name,
        { shape, data: this.#arena.floats(value.address, size) },
      ]),
    );
  }

  /** Whether x is values, and the decoder's input. */
  get takesValues(): { x: boolean; decoderInput: boolean } {
    const { input, decoderInput } = this.#plan;
    return { x: input.kind === "values", decoderInput: decoderInput?.kind === "values" };
  }

  /** Take over another probe's parameters. */
  take(other: Probe): void {
    this.#session.setParameters(other.parameters());
  }

  /** The parameters were changed. */
  refresh(): void {
    this.#runner.refresh();
  }

  /** The loss of a trial. */
  loss(trial: Trial): number {
    return this.#forward(trial).loss;
  }

  /** The gradients of the loss of a trial, of all that goes in: parameters, values, first states. */
  gradients(trial: Trial): Map<string, Float32Array> {
    const { input, decoderInput } = this.#plan;
    const { io, kernels } = this.#runner;
    const { batch } = this.#forward(trial);
    io.clearParameterGradients(kernels);
    this.#runner.backward(batch, trial.y ? {} : asStates(trial.stateWeights));
    const gradients = new Map([...this.#session.gradients()].map(([name, { data }]) => [name, data]));
    if (input.gradient) gradients.set("input x", io.read(input.gradient, batch));
    if (decoderInput?.gradient) {
      gradients.set("decoder's input", io.read(decoderInput.gradient, batch.decoder!));
    }
    if (trial.states) {
      for (const [name, data] of Object.entries(io.readStateGradients(batch))) gradients.set(`state ${name}`, data);
    }
    return gradients;
  }

  /** Forward and loss; leaves the gradient of the loss where the net's output has its gradient. */
  #forward(trial: Trial): { batch: PackedBatch; loss: number } {
    const { x, y, lengths, decoderInput } = trial;
    const states = trial.states && asStates(trial.states);
    const options = { states, lengths, decoderInput };
    const runner = this.#runner;
    const { io } = runner;
    if (y) {
      const data = runner.checkData({ x, y }, options, true);
      runner.writeData(data, PASS);
      runner.forward(data.batch);
      return { batch: data.batch, loss: runner.measureLoss(data).loss };
    }
    const input = runner.check(x, options, true);
    const { batch } = input;
    runner.write(input, PASS);
    runner.forward(batch);
    const values = this.#results(batch, (output) => output.value, (state) => state.last());
    io.writeOutputGradient(trial.outputWeights, batch);
    io.writeStateGradients(asStates(trial.stateWeights), batch);
    // The weights are the gradients. A row of padding has weight 0, whatever its value.
    const weights = this.#results(batch, (output) => output.gradient!, (state) => state.gradient.last());
    return { batch, loss: weights.reduce((sum, weight, i) => sum + (weight && weight * values[i]), 0) };
  }

  /** Copies of the output and the last states as they are in memory: in memory's order, and not rounded. */
  #results(batch: PackedBatch, slot: (output: Value) => Slot, last: (state: PlannedState) => number): number[] {
    const { output, states } = this.#plan.layer;
    const { T, B } = this.#runner.io.outputBatch(batch);
    const { address, stride, columns } = slot(output);
    const rows = (n: number) => Array.from({ length: n }, (_, row) => row);
    return [
      ...rows(T * B).map((row) => this.#arena.floats(address + 4 * row * stride, columns)),
      ...states.flatMap((state) =>
        rows(B).map((row) => this.#arena.floats(last(state) + 4 * row * state.stride, state.width))
      ),
    ].flatMap((row) => [...row]);
  }
}

/** A session copies states element by element, so doubles pass unrounded. */
function asStates(states: Readonly<Record<string, Float64Array>>): States {
  return states as unknown as States;
}
