import type { Kernels } from "../kernels/kernels.ts";
import type { PlannedState } from "../layers/layer.ts";
import type { Arena } from "../memory/arena.ts";
import type { Slot } from "../memory/slot.ts";
import { TrainingIO } from "../session/training_io.ts";
import type { PackedBatch, States } from "../runtime/packed_batch.ts";
import { TrainingRunner } from "../session/training_runner.ts";
import type { NetPlan } from "../runtime/plan.ts";
import { Session } from "../session/session.ts";
import type { Value } from "../ops/value.ts";
import type { Trial } from "./trial.ts";

/** Number of every pass. Dropout masks depend on it, so all passes have the same masks. */
const PASS = 1;

/**
 * One net with one set of kernels: computes the loss of a trial and its gradients, always with the same dropout
 * masks.
 */
export class Probe {
  readonly #plan: NetPlan;
  readonly #arena: Arena;
  readonly #session: Session;
  readonly #border: TrainingIO;
  readonly #passes: TrainingRunner;

  constructor(plan: NetPlan, kernels: Kernels, arena: Arena) {
    this.#plan = plan;
    this.#arena = arena;
    this.#session = new Session(plan, kernels, arena); // writes constants and the parameters' first values
    this.#border = new TrainingIO(plan, arena);
    this.#passes = new TrainingRunner(plan, kernels, this.#border);
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

  /** Whether x and the decoder's input are values. */
  get takesValues(): { x: boolean; decoderInput: boolean } {
    const { input, decoderInput } = this.#plan;
    return { x: input.kind === "values", decoderInput: decoderInput?.kind === "values" };
  }

  /** Copy another probe's parameters. */
  copyParameters(other: Probe): void {
    this.#session.setParameters(other.parameters());
  }

  /** Renew the copies that are derived from parameters, after a change. */
  refresh(): void {
    this.#passes.refresh();
  }

  /** The loss of a trial. */
  loss(trial: Trial): number {
    return this.#forward(trial).loss;
  }

  /** The gradients of a trial's loss: of parameters, inputs of values and first states. */
  gradients(trial: Trial): Map<string, Float32Array> {
    const { input, decoderInput } = this.#plan, border = this.#border, { call } = this.#forward(trial);
    border.clearParameterGradients(this.#passes.kernels);
    this.#passes.backward(call);
    const gradients = new Map([...this.#session.gradients()].map(([name, { data }]) => [name, data]));
    if (input.gradient) gradients.set("input x", border.read(input.gradient, call));
    if (decoderInput?.gradient) {
      gradients.set("decoder's input", border.read(decoderInput.gradient, call.decoder!));
    }
    if (trial.states) {
      for (const [name, data] of Object.entries(border.readStateGradients(call))) gradients.set(`state ${name}`, data);
    }
    return gradients;
  }

  /** Forward and loss. Writes the gradients of output and last states. */
  #forward(trial: Trial): { call: PackedBatch; loss: number } {
    const { x, y, lengths, decoderInput } = trial, states = trial.states && asStates(trial.states);
    const border = this.#border, passes = this.#passes, options = { states, lengths, decoderInput };
    if (y) {
      const measured = passes.measure({ x, y }, options, true, PASS);
      border.clearStateGradients(passes.kernels, measured.call);
      return measured;
    }
    const call = passes.check(x, options, true);
    passes.run(x, call, options, PASS);
    const values = this.#results(call, (output) => output.value, (state) => state.last());
    border.clearStateGradients(passes.kernels, call);
    border.writeOutputGradient(trial.outputWeights, call);
    border.writeStateGradients(asStates(trial.stateWeights), call);
    // The weights are the gradients. Padding has weight 0, and its value may be any number or NaN.
    const weights = this.#results(call, (output) => output.gradient!, (state) => state.gradient.last());
    return { call, loss: weights.reduce((sum, weight, i) => sum + (weight && weight * values[i]), 0) };
  }

  /** Copies of output and last states, or of their gradients: in the order of memory, and not rounded. */
  #results(call: PackedBatch, slot: (output: Value) => Slot, last: (state: PlannedState) => number): number[] {
    const { output, states } = this.#plan.layer, { T, B } = this.#border.outputCall(call);
    const { address, stride, columns } = slot(output), rows = (n: number) => Array.from({ length: n }, (_, row) => row);
    return [
      ...rows(T * B).map((row) => this.#arena.floats(address + 4 * row * stride, columns)),
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
