import { ShapeError } from "../errors.ts";
import type { Layer } from "../layers/layer.ts";

/** A tensor outside the session's memory: a copy. `data` is row-major. */
export interface TensorCopy {
  /** PyTorch's shape. */
  readonly shape: readonly number[];
  /** All elements, row-major. */
  readonly data: Float32Array;
}

/** Tensors by name, as they come in, from a session or a file: row-major elements of any type. */
export type Tensors = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: ArrayLike<number> | ArrayLike<bigint> }
>;

type GivenTensor = Tensors extends ReadonlyMap<string, infer Tensor> ? Tensor : never;

/** How a net takes tensors that were made elsewhere. */
export interface LoadOptions {
  /**
   * The net's names for those of the tensors: beginnings of names, and what takes their place, as in
   * `{ "encoder.": "embedding.", "fc.": "decoder." }`; of several that fit, the longest. Or a function. Default: the
   * names are the same.
   */
  rename?: Readonly<Record<string, string>> | ((name: string) => string);
  /**
   * Whether each parameter must have a tensor and each tensor a parameter, as in PyTorch's `load_state_dict`. Default
   * true. With false, parameters without a tensor keep their values; shapes have to fit even so.
   */
  strict?: boolean;
}

/** What of tensors was not there, or not used. */
export interface Differences {
  /** The net's names without a tensor. */
  readonly missing: string[];
  /** The tensors, by their own names, that the net has no place for. */
  readonly unknown: string[];
}

interface Wanted {
  readonly name: string;
  /** Other names that it goes by. */
  readonly aliases?: readonly string[];
  readonly shape: readonly number[];
  readonly size: number;
}

/**
 * The tensors by the names of those wanted, once all fit.
 *
 * @throws {ShapeError} When names or shapes differ, or two tensors get the same name; all faults are listed.
 */
export function requireTensors(
  what: string,
  wanted: readonly Wanted[],
  tensors: Tensors,
  { rename = {}, strict = true }: LoadOptions = {},
): Differences & { given: Tensors } {
  const places = new Map(wanted.flatMap((place) => [place.name, ...place.aliases ?? []].map((name) => [name, place])));
  const given = new Map<string, GivenTensor>(), origins = new Map<string, string>();
  const unknown: string[] = [], faults: string[] = [];
  for (const [origin, tensor] of tensors) {
    const name = renamed(origin, rename), place = places.get(name), before = origins.get(name);
    const other = place && given.get(place.name);
    const called = origin === name ? `"${name}"` : `"${origin}", here "${name}",`;
    if (!place) {
      unknown.push(origin);
      if (strict) faults.push(`${called} is not a ${what} of this net`);
    } else if (before !== undefined) {
      faults.push(`"${before}" and "${origin}" are both "${name}" here`);
    } else {
      const fault = misfit(place, tensor);
      if (fault) faults.push(`${called} ${fault}`);
      else if (other && !equal(other, tensor)) faults.push(`${called} must be "${place.name}", to which it is tied`);
      given.set(place.name, tensor);
      origins.set(name, origin);
    }
  }
  const missing = wanted.map(({ name }) => name).filter((name) => !given.has(name));
  if (strict) faults.unshift(...missing.map((name) => `"${name}" is missing`));
  if (faults.length) throw new ShapeError(`Cannot set the ${what}s: ${faults.join("; ")}`);
  return { given, missing, unknown };
}

/**
 * All parameters of a net as f32, by all their names: a tied tensor once for each name.
 *
 * @throws {ShapeError} When names or shapes differ from those of the net; the message lists all faults.
 */
export function requireParameters({ parameters, tied = {} }: Layer, tensors: Tensors): Map<string, TensorCopy> {
  const ties = Object.entries(tied);
  const wanted = Object.entries(parameters).map(([name, { shape }]) => {
    const aliases = ties.filter(([, other]) => other === name).map(([alias]) => alias);
    return { name, aliases, shape, size: shape.reduce((a, b) => a * b, 1) };
  });
  const { given } = requireTensors("parameter", wanted, tensors);
  const all = [...given, ...ties.map(([alias, name]) => [alias, given.get(name)!] as const)];
  return new Map(all.map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data, Number) }]));
}

function misfit({ shape, size }: Wanted, tensor: GivenTensor): string | undefined {
  if (tensor.shape.join() !== shape.join()) return `must have shape [${shape}], got [${tensor.shape}]`;
  return tensor.data.length === size ? undefined : `must have ${size} elements, got ${tensor.data.length}`;
}

function equal({ data }: GivenTensor, { data: other }: GivenTensor): boolean {
  for (let i = 0; i < data.length; i++) {
    if (!Object.is(Math.fround(Number(data[i])), Math.fround(Number(other[i])))) return false;
  }
  return true;
}

function renamed(name: string, rename: Required<LoadOptions>["rename"]): string {
  if (typeof rename === "function") return rename(name);
  const [start] = Object.keys(rename).filter((start) => name.startsWith(start)).sort((a, b) => b.length - a.length);
  return start === undefined ? name : rename[start] + name.slice(start.length);
}
