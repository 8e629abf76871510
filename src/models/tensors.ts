import { ShapeError } from "../errors.ts";

/** A tensor outside the session's memory: a copy. `data` is row-major. */
export interface TensorCopy {
  /** PyTorch's shape. */
  readonly shape: readonly number[];
  /** All elements, row-major. */
  readonly data: Float32Array;
}

/** Tensors by name, as they come in. */
export type Tensors = ReadonlyMap<string, { shape: readonly number[]; data: ArrayLike<number> }>;

/**
 * Exactly these tensors.
 *
 * @throws {ShapeError} When names or shapes differ; all differences are listed.
 */
export function requireTensors(
  what: string,
  wanted: readonly { name: string; shape: readonly number[]; size: number }[],
  tensors: Tensors,
): void {
  const faults = wanted.flatMap(({ name, shape, size }) => {
    const tensor = tensors.get(name);
    if (!tensor) return [`"${name}" is missing`];
    const fits = tensor.shape.join() === shape.join() && tensor.data.length === size;
    return fits ? [] : [`"${name}" must have shape [${shape}], got [${tensor.shape}]`];
  });
  const known = new Set(wanted.map(({ name }) => name));
  for (const name of tensors.keys()) if (!known.has(name)) faults.push(`"${name}" is not a ${what} of this net`);
  if (faults.length) throw new ShapeError(`Cannot set the ${what}s: ${faults.join("; ")}`);
}
