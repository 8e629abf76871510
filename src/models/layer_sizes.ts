import { OptionError } from "../errors.ts";

/**
 * The hidden size of each layer, bottom to top.
 *
 * @throws {OptionError} When there is not one size for each of the layers.
 */
export function layerSizes(hidden: number | readonly number[], layers?: number): readonly number[] {
  if (typeof hidden === "number") return new Array<number>(layers ?? 1).fill(hidden);
  if (layers === undefined || layers === hidden.length) return hidden;
  throw new OptionError(`"hidden" must have one size for each of ${layers} layers, got ${hidden.length}`);
}

/** The sizes as the files of some models have them: one number where all layers are alike, or a list. */
export function joinedSizes(sizes: readonly number[]): { hidden: number | readonly number[]; layers: number } {
  return { hidden: sizes.every((size) => size === sizes[0]) ? sizes[0] : sizes, layers: sizes.length };
}
