import { NonFiniteError } from "../errors.ts";
import type { ParameterSlot } from "../memory/planner.ts";
import { partsOf } from "../layers/layer.ts";
import { batchOf, type PackedBatch } from "../runtime/packed_batch.ts";
import type { TrainingRunner } from "./training_runner.ts";

/** The first tensor with a number that is not finite. */
export interface NonFiniteSource {
  /** The layer of the tensor. Empty: the tensor belongs to no layer, or the net has no names. */
  readonly layer: string;
  readonly tensor: string;
  /** What was found, as part of a sentence. */
  readonly finding: string;
}

/** The error of an update that cannot be made. */
export function nonFiniteError(step: number, what: string, value: number, source: NonFiniteSource): NonFiniteError {
  const { layer, tensor, finding } = source;
  return new NonFiniteError(
    `Cannot make update ${step}: the ${what} is ${value}, expected a finite number; ${finding}`,
    { step, layer: layer || undefined, tensor },
  );
}

/**
 * The source of a loss that is not finite: the first of all tensors that the batch has read and written, in the order
 * of forward, that is not finite. The parameters and initial states of a layer come before the output of the layer.
 *
 * @returns Undefined when all of them are finite.
 */
export function forwardSource({ plan, io }: TrainingRunner, batch: PackedBatch): NonFiniteSource | undefined {
  const { input, decoderInput, layer, planner: { parameters } } = plan;
  for (
    const [tensor, value] of [...Object.entries(input.named ?? { x: input }), ["decoderInput", decoderInput]] as const
  ) {
    if (value?.kind !== "values") continue;
    if (io.isFinite(value.value, batchOf(value, value === decoderInput, batch))) continue;
    return { layer: "", tensor, finding: `the input "${tensor}" has elements that are not finite` };
  }
  for (const part of partsOf(layer, "")) {
    const { layer: name, output } = part;
    if (output.kind !== "values" || io.isFinite(output.value, batchOf(output, part.decoder, batch))) continue;
    const prefix = name && `${name}.`;
    const found = (tensor: string, finding: string) => ({ layer: name, tensor, finding });
    const parameter = parameters.find((slot) =>
      slot.name.startsWith(prefix) && !io.readFlat(slot.value).every(Number.isFinite)
    );
    if (parameter) return found(parameter.name, `the parameter "${parameter.name}" is not finite`);
    const initial = Object.entries(io.firstStates(batch)).filter(([state]) => state.startsWith(prefix));
    const state = initial.find(([, values]) => !values.every(Number.isFinite));
    if (state) return found(state[0], `the state "${state[0]}" was not finite before the first step`);
    const { value: { name: tensor } } = output;
    return found(tensor, `the first output that is not finite is "${tensor}"${name && ` of layer "${name}"`}`);
  }
}

/**
 * The source of a gradient norm that is not finite. An infinite output may pass through a gate to a finite loss, and
 * make NaN only where it meets a zero gradient; so the outputs are looked at first, then the gradients.
 *
 * @param replayed The batches that the gradients are of, each run once more.
 */
export function gradientSource(runner: TrainingRunner, replayed: Iterable<PackedBatch>): NonFiniteSource {
  const gradient = firstGradient(runner);
  const states = runner.states();
  for (const batch of replayed) {
    const source = forwardSource(runner, batch);
    if (!source) continue;
    runner.setStates(states);
    return source;
  }
  return gradient;
}

/** The gradient that backward has computed first, so of the last layer, that is not finite; or the largest gradient. */
function firstGradient({ plan: { planner }, io }: TrainingRunner): NonFiniteSource {
  let largest = planner.parameters[0];
  let maximum = -1;
  for (const slot of planner.parameters.toReversed()) {
    const gradient = io.readFlat(slot.gradient);
    if (!gradient.every(Number.isFinite)) {
      return { ...ofParameter(slot), finding: `the gradient of "${slot.name}" has elements that are not finite` };
    }
    const own = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (own > maximum) [largest, maximum] = [slot, own];
  }
  return { ...ofParameter(largest), finding: `all gradients are finite, the largest element is in "${largest.name}"` };
}

function ofParameter({ name }: ParameterSlot): { layer: string; tensor: string } {
  return { layer: name.slice(0, Math.max(0, name.lastIndexOf("."))), tensor: name };
}
