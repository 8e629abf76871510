import { ShapeError } from "../errors.ts";
import type { Parameter } from "../ops/initialise.ts";
import type { Layer, StateSpec } from "./layer.ts";

/** A layer in another one, and the prefix of its tensors' names there. */
export type Member = readonly [prefix: string, layer: Layer];

/** Other names of parameters: `{ "decoder.weight": "embedding.weight" }`. */
export type Tied = Readonly<Record<string, string>>;

/** What a layer declares before memory is planned. */
export interface Declarations {
  readonly parameters: Record<string, Parameter>;
  readonly tied: Tied;
  readonly states: StateSpec[];
  readonly wholeSequence?: string;
  readonly sourceWidths: number[];
}

/**
 * The declarations of several layers together, by the names that their tensors have in the layer that contains them.
 */
export function joinDeclarations(members: readonly Member[]): Declarations {
  const join = <Value>(entries: (layer: Layer, prefix: string) => readonly (readonly [string, Value])[]) =>
    Object.fromEntries(
      members.flatMap(([prefix, layer]) => entries(layer, prefix).map(([name, value]) => [prefix + name, value])),
    ) as Record<string, Value>;
  return {
    parameters: join(({ parameters }) => Object.entries(parameters)),
    tied: join(({ tied = {} }, prefix) => Object.entries(tied).map(([alias, name]) => [alias, prefix + name])),
    states: members.flatMap(([prefix, { states = [] }]) =>
      states.map((state) => ({ ...state, name: prefix + state.name }))
    ),
    wholeSequence: members.map(([, { wholeSequence }]) => wholeSequence).find((name) => name),
    sourceWidths: members.flatMap(([, { sourceWidths = [] }]) => sourceWidths),
  };
}

/**
 * The parameters without those that are tied to others.
 *
 * @throws {ShapeError} When a name is not a parameter, a parameter is tied twice, or two tied parameters differ in
 * shape.
 */
export function tie(parameters: Record<string, Parameter>, tied: Tied): Record<string, Parameter> {
  const remaining = { ...parameters };
  for (const [alias, name] of Object.entries(tied)) {
    const refuse = (reason: string) => new ShapeError(`Cannot tie "${alias}" to "${name}": ${reason}`);
    for (const one of [alias, name]) if (!Object.hasOwn(parameters, one)) throw refuse(`there is no "${one}"`);
    if (Object.hasOwn(tied, name)) throw refuse(`"${name}" is itself tied to "${tied[name]}"`);
    const [own, others] = [alias, name].map((one) => parameters[one].shape.join(", "));
    if (own !== others) throw refuse(`their shapes must be equal, got [${own}] and [${others}]`);
    delete remaining[alias];
  }
  return remaining;
}
