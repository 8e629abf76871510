/** Sequences and names in the two directions of a bidirectional layer. */
import type { States } from "../../../mod.ts";
import type { Shape } from "../cells/trial.ts";

/** A `[T, B, ...]` tensor with every row reversed. Padding stays. */
export function reversed(sequence: Float32Array, { T, B }: Shape, lengths?: readonly number[]): Float32Array {
  const width = sequence.length / (T * B), result = sequence.slice();
  for (let b = 0; b < B; b++) {
    const length = lengths?.[b] ?? T;
    for (let t = 0; t < length; t++) {
      const from = ((length - 1 - t) * B + b) * width;
      result.set(sequence.subarray(from, from + width), (t * B + b) * width);
    }
  }
  return result;
}

/** The columns of the two directions, `width` each, exchanged. */
export function halvesExchanged(sequence: Float32Array, width: number): Float32Array {
  return sequence.map((_, i) => sequence[i % (2 * width) < width ? i + width : i - width]);
}

/** The name of a tensor in the other direction. Output and dx belong to both directions. */
export function exchanged(name: string): string {
  if (name === "output" || name === "dx") return name;
  return name.endsWith("_reverse") ? name.slice(0, -"_reverse".length) : `${name}_reverse`;
}

export function renamed(tensors: States, name: (name: string) => string): States {
  return Object.fromEntries(Object.entries(tensors).map(([old, tensor]) => [name(old), tensor]));
}

export function select(tensors: States, which: (name: string) => boolean): States {
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => which(name)));
}
