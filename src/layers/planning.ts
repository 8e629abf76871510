import { ShapeError } from "../errors.ts";
import type { ParameterSlot, Planner } from "../memory/planner.ts";
import type { Scope } from "../memory/scope.ts";
import type { Value } from "../ops/value.ts";
import type { Layer, PlannedLayer, StateSpec } from "./layer.ts";

/** Plan the parameters of a net, by all their names. A tied parameter has one slot and several names. */
export function planParameters(
  planner: Planner,
  { parameters, tied = {} }: Pick<Layer, "parameters" | "tied">,
): Map<string, ParameterSlot> {
  const slots = new Map<string, ParameterSlot>();
  for (const [name, { shape }] of Object.entries(parameters)) {
    const aliases = Object.keys(tied).filter((alias) => tied[alias] === name);
    const slot = planner.parameter(name, shape, aliases);
    for (const one of [name, ...aliases]) slots.set(one, slot);
  }
  return slots;
}

/**
 * Plan a whole net.
 *
 * @throws {ShapeError} When a layer that contains others does not pass on their states or needs.
 */
export function planLayer(net: Layer, planner: Planner, scope: Scope, x: Value, decoderInput?: Value): PlannedLayer {
  const layer = net.plan(scope, x, decoderInput), [declared, planned] = [net.states ?? [], layer.states].map(list);
  if (declared !== planned) {
    throw new ShapeError(`Cannot plan the net: "states" must list its states ${planned}, got ${declared}`);
  }
  const { reverseOrder, randomCounter } = planner.sharedSlots;
  if (layer.needs?.reverseOrder !== reverseOrder || layer.needs?.randomCounter !== randomCounter) {
    throw new ShapeError(
      'Cannot plan the net: "needs" must have what all of its layers need, see `PlannedLayer.needs`',
    );
  }
  return layer;
}

function list(states: readonly Pick<StateSpec, "name" | "width">[]): string {
  return states.map(({ name, width }) => `${name} (${width})`).join(", ") || "none";
}
