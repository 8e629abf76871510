import { ShapeError } from "../errors.ts";
import type { Parameter } from "../ops/initialise.ts";
import type { Layer } from "./layer.ts";

/** Names of parameters that are other names of others: `{ "decoder.weight": "embedding.weight" }`. */
export type Tied = Readonly<Record<string, string>>;

/**
 * Parameters, those that are tied to others left out.
 *
 * @throws {ShapeError} When a name is none of them, is tied twice over, or two that are tied have not one shape.
 */
export function tie(parameters: Record<string, Parameter>, tied: Tied): Record<string, Parameter> {
  const left = { ...parameters };
  for (const [name, other] of Object.entries(tied)) {
    const refuse = (reason: string) => new ShapeError(`Cannot tie "${name}" to "${other}": ${reason}`);
    for (const one of [name, other]) if (!Object.hasOwn(parameters, one)) throw refuse(`there is no "${one}"`);
    if (Object.hasOwn(tied, other)) throw refuse(`that one is itself tied to "${tied[other]}"`);
    const [own, others] = [name, other].map((one) => parameters[one].shape.join(", "));
    if (own !== others) throw refuse(`their shapes must be equal, got [${own}] and [${others}]`);
    delete left[name];
  }
  return left;
}

/** What is tied in some layers, by names with what the whole puts in front of them. */
export function tiedIn(layers: readonly Layer[], prefix: (layer: number) => string): Tied {
  return Object.fromEntries(
    layers.flatMap(({ tied = {} }, i) =>
      Object.entries(tied).map(([name, other]) => [prefix(i) + name, prefix(i) + other])
    ),
  );
}
