import type { ParameterSlot } from "../memory/planner.ts";
import { callOf, type PackedBatch } from "../runtime/packed_batch.ts";
import type { TrainingRunner } from "./training_runner.ts";

/** The first tensor with a number that is not finite, and the layer that it is of. */
export interface Origin {
  /** Empty where it is of no layer, or the net has no names. */
  readonly layer: string;
  readonly tensor: string;
  /** A sentence about it. */
  readonly finding: string;
}

/**
 * Where a loss that is not finite comes from: of everything that the call has read and written, in the order of forward,
 * the first. Of the layer whose output it is, a parameter or an initial state that was not finite comes before.
 * Undefined: all of it is finite.
 */
export function forwardOrigin({ plan, io: border }: TrainingRunner, call: PackedBatch): Origin | undefined {
  const { input, decoderInput, layer, planner: { parameters } } = plan;
  for (const [tensor, port, inside] of [["x", input, call], ["decoderInput", decoderInput, call.decoder]] as const) {
    if (port?.kind !== "values" || border.finite(port.value, inside!)) continue;
    return { layer: "", tensor, finding: `the input "${tensor}" has elements that are not finite` };
  }
  for (const part of layer.parts ?? [{ layer: "", output: layer.output }]) {
    const { layer: name, output } = part;
    if (output.kind !== "values" || border.finite(output.value, callOf(part, call))) continue;
    const prefix = name && `${name}.`, found = (tensor: string, finding: string) => ({ layer: name, tensor, finding });
    const parameter = parameters.find((slot) =>
      slot.name.startsWith(prefix) && !border.readFlat(slot.value).every(Number.isFinite)
    );
    if (parameter) return found(parameter.name, `the parameter "${parameter.name}" is not finite`);
    const starts = Object.entries(border.firstStates(call)).filter(([state]) => state.startsWith(prefix));
    const start = starts.find(([, state]) => !state.every(Number.isFinite));
    if (start) return found(start[0], `the state "${start[0]}" was not finite before the first step`);
    const { value: { name: tensor } } = output;
    return found(tensor, `the first output that is not finite is "${tensor}"${name && ` of layer "${name}"`}`);
  }
}

/** Where a gradient norm that is not finite comes from: the gradient that backward computed first, so of the last layer. */
export function gradientOrigin({ plan: { planner }, io: border }: TrainingRunner): Origin {
  let largest = planner.parameters[0], size = -1;
  for (const slot of planner.parameters.toReversed()) {
    const gradient = border.readFlat(slot.gradient);
    if (!gradient.every(Number.isFinite)) {
      return { ...ofParameter(slot), finding: `the gradient of "${slot.name}" has elements that are not finite` };
    }
    const most = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (most > size) [largest, size] = [slot, most];
  }
  return { ...ofParameter(largest), finding: `all gradients are finite, the largest element is in "${largest.name}"` };
}

function ofParameter({ name }: ParameterSlot): { layer: string; tensor: string } {
  return { layer: name.slice(0, Math.max(0, name.lastIndexOf("."))), tensor: name };
}
