import type { Kernels } from "../kernels/kernels.ts";
import type { PlannedState } from "../layers/layer.ts";
import type { Arena } from "../memory/arena.ts";
import type { Slot } from "../memory/slot.ts";
import type { PackedBatch, States } from "../runtime/packed_batch.ts";
import type { Data, TrainingRunner } from "../session/training_runner.ts";
import type { TrainingPlan } from "../session/plan_training.ts";
import { Session } from "../session/session.ts";
import { mapNamed, shapeOf, type Value } from "../ops/value.ts";
import type { Trial } from "./trial.ts";

/** Number of every pass. Dropout masks depend on it, so all passes have the same masks. */
const PASS = 1;

/**
 * One net with one set of kernels: computes the loss of a trial and its gradients, always with the same dropout
 * masks.
 */
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

  /** Views of the parameters. Call `refresh` after a change. */
  parameters(): Map<string, { readonly shape: readonly number[]; readonly data: Float32Array | Float64Array }> {
    return new Map(
      this.#plan.planner.parameters.map(({ name, shape, value, size }) => [
        name,
        { shape, data: this.#arena.floats(value.address, size) },
      ]),
    );
  }

  /** The input of the net. */
  get input(): Value {
    return this.#plan.input;
  }

  /** The parameters that have no gradient. */
  get fixed(): readonly string[] {
    return this.#plan.options.frozen ?? [];
  }

  /** Whether the decoder's input is values. */
  get decoderTakesValues(): boolean {
    return this.#plan.decoderInput?.kind === "values";
  }

  /** Copy another probe's parameters. */
  copyParameters(other: Probe): void {
    this.#session.setParameters(other.parameters());
  }

  /** Renew the copies that are derived from parameters, after a change. */
  refresh(): void {
    this.#runner.refresh();
  }

  /** The loss of a trial. */
  loss(trial: Trial): number {
    return this.#forward(trial).loss;
  }

  /** The gradients of a trial's loss: of parameters, inputs of values and first states. */
  gradients(trial: Trial): Map<string, Float32Array> {
    const { input, decoderInput } = this.#plan;
    const { io, kernels } = this.#runner;
    const { batch } = this.#forward(trial);
    io.clearParameterGradients(kernels);
    this.#runner.backward(batch, trial.y ? {} : asStates(trial.stateWeights));
    const gradients = new Map([...this.#session.gradients()].map(([name, { data }]) => [name, data]));
    mapNamed(input, {}, (input, _, name = "x") => {
      if (input.gradient) gradients.set(`input ${name}`, io.read(input.gradient, shapeOf(input, batch)));
    });
    if (decoderInput?.gradient) {
      gradients.set("decoder's input", io.read(decoderInput.gradient, batch.decoder!));
    }
    if (trial.states) {
      for (const [name, data] of Object.entries(io.readStateGradients(batch))) gradients.set(`state ${name}`, data);
    }
    return gradients;
  }

  /** Forward and loss. Writes the gradient of the output. */
  #forward(trial: Trial): { batch: PackedBatch; loss: number } {
    const { x, y, lengths, decoderInput } = trial;
    const states = trial.states && asStates(trial.states);
    const options = { states, lengths, decoderInput };
    const runner = this.#runner;
    const { io } = runner;
    if (y) {
      const data = runner.checkData({ x, y } as Data, options, true);
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
    // The weights are the gradients. Padding has weight 0, and its value may be any number or NaN.
    const weights = this.#results(batch, (output) => output.gradient!, (state) => state.gradient.last());
    return { batch, loss: weights.reduce((sum, weight, i) => sum + (weight && weight * values[i]), 0) };
  }

  /** Copies of output and last states, or of their gradients: in the order of memory, and not rounded. */
  #results(batch: PackedBatch, slot: (output: Value) => Slot, last: (state: PlannedState) => number): number[] {
    const { output, states } = this.#plan.layer, { B } = batch;
    const rows = (n: number) => Array.from({ length: n }, (_, row) => row);
    return [
      ...Object.values(output.named ?? { output }).flatMap((output) => {
        const { T } = this.#runner.io.outputBatch(batch, output), { address, stride, columns } = slot(output);
        return rows(T * B).map((row) => this.#arena.floats(address + 4 * row * stride, columns));
      }),
      ...states.flatMap((state) =>
        rows(B).map((row) => this.#arena.floats(last(state) + 4 * row * state.stride, state.width))
      ),
    ].flatMap((row) => [...row]);
  }
}

/** States as doubles. A session copies states element by element, so doubles are not rounded. */
function asStates(states: Readonly<Record<string, Float64Array>>): States {
  return states as unknown as States;
}
