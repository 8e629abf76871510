import { ShapeError } from "../errors.ts";
import { type Check, flag, readOptions, refuse, requireMade, type Table } from "../options.ts";
import { SCALE } from "../kernels/int8_kernels.ts";
import type { Layer } from "../layers/layer.ts";

/** A tensor outside the session's memory: a copy. */
export interface TensorCopy {
  /** PyTorch's shape. */
  readonly shape: readonly number[];
  /** All elements, row-major. */
  readonly data: Float32Array;
}

/** Tensors by name, from a session or a file: row-major elements of any type. */
export type Tensors = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: ArrayLike<number> | ArrayLike<bigint> }
>;

type SourceTensor = Tensors extends ReadonlyMap<string, infer Tensor> ? Tensor : never;

/** How a net takes tensors that were made elsewhere. */
export interface LoadOptions {
  /**
   * The net's name of each tensor. A record maps beginnings of names to their replacements, as in
   * `{ "encoder.": "embedding.", "fc.": "decoder." }`; the longest matching beginning counts. Or a function.
   *
   * @default the names are the same
   */
  rename?: Readonly<Record<string, string>> | ((name: string) => string);
  /**
   * Whether each parameter must have a tensor, and each tensor a parameter, as in PyTorch's `load_state_dict`. With
   * false, parameters without a tensor keep their values. Shapes must fit either way.
   *
   * @default {true}
   */
  strict?: boolean;
}

const rename: Check<Required<LoadOptions>["rename"]> = (name, value) =>
  typeof value === "function" || typeof value === "object" && Object.values(value ?? [0]).every(isText)
    ? value as Required<LoadOptions>["rename"]
    : refuse(name, "a function, or an object of texts", value);

/** The options of `setParameters`. */
export const LOAD = { rename: [rename, {}], strict: [flag, true] } satisfies Table<LoadOptions>;

/** Names without a match, as PyTorch's `load_state_dict` returns them. */
export interface IncompatibleKeys {
  /** The net's names that have no tensor. */
  readonly missing: string[];
  /** The tensors' own names that the net has no place for. */
  readonly unexpected: string[];
}

/** The tensor that a place in memory takes. */
interface TensorPlace {
  readonly name: string;
  /** Other names of the same tensor. */
  readonly aliases?: readonly string[];
  readonly shape: readonly number[];
  readonly size: number;
}

/**
 * Match tensors with the places in memory that take them.
 *
 * @param what What a place is called in errors, such as "parameter".
 * @returns The fitting tensors by the names of their places, and the names without a match.
 * @throws {ShapeError} When names or shapes differ, or two tensors get the same name. One error lists all faults.
 */
export function requireTensors(
  what: string,
  places: readonly TensorPlace[],
  tensors: Tensors,
  options: LoadOptions = {},
): IncompatibleKeys & { fitting: Tensors } {
  requireMade("tensors", tensors, "get", "a map of tensors by name");
  const { rename, strict } = readOptions("setParameters", LOAD, options);
  const placeOf = new Map(places.flatMap((place) => [place.name, ...place.aliases ?? []].map((name) => [name, place])));
  const fitting = new Map<string, SourceTensor>();
  const sources = new Map<string, string>();
  const unexpected: string[] = [];
  const faults: string[] = [];
  for (const [source, tensor] of tensors) {
    const name = renamed(source, rename);
    const place = placeOf.get(name);
    const sameName = sources.get(name);
    const tied = place && fitting.get(place.name);
    const label = source === name ? `"${name}"` : `"${source}", here "${name}",`;
    if (!place) {
      unexpected.push(source);
      const isScale = source.endsWith(SCALE) && tensors.has(source.slice(0, -SCALE.length));
      const why = isScale ? 'scales int8 weights, which need a net of quantize() and "@unroll/rnn/int8"' : undefined;
      if (strict || why) faults.push(`${label} ${why ?? `is not a ${what} of this net`}`);
    } else if (sameName !== undefined) {
      faults.push(`"${sameName}" and "${source}" are both "${name}" here`);
    } else {
      const fault = misfit(place, tensor);
      if (fault) faults.push(`${label} ${fault}`);
      else if (tied && !equal(tied, tensor)) faults.push(`${label} must be "${place.name}", to which it is tied`);
      fitting.set(place.name, tensor);
      sources.set(name, source);
    }
  }
  const missing = places.map(({ name }) => name).filter((name) => !fitting.has(name));
  if (strict) faults.unshift(...missing.map((name) => `"${name}" is missing`));
  if (faults.length) throw new ShapeError(`Cannot set the ${what}s: ${faults.join("; ")}`);
  return { fitting, missing, unexpected };
}

/**
 * The parameters of a net as f32, by all their names: a tied tensor has an entry for each of its names.
 *
 * @throws {ShapeError} When names or shapes differ from those of the net. One error lists all faults.
 */
export function requireParameters({ parameters, tied = {} }: Layer, tensors: Tensors): Map<string, TensorCopy> {
  const ties = Object.entries(tied);
  const places = Object.entries(parameters).map(([name, { shape }]) => {
    const aliases = ties.filter(([, other]) => other === name).map(([alias]) => alias);
    return { name, aliases, shape, size: shape.reduce((a, b) => a * b, 1) };
  });
  const { fitting } = requireTensors("parameter", places, tensors);
  const all = [...fitting, ...ties.map(([alias, name]) => [alias, fitting.get(name)!] as const)];
  return new Map(all.map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data, Number) }]));
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function misfit({ shape, size }: TensorPlace, tensor: SourceTensor): string | undefined {
  if (!Array.isArray(tensor?.shape) || !(tensor.data?.length >= 0)) return "must have a shape and data";
  if (tensor.shape.join() !== shape.join()) return `must have shape [${shape}], got [${tensor.shape}]`;
  return tensor.data.length === size ? undefined : `must have ${size} elements, got ${tensor.data.length}`;
}

function equal({ data }: SourceTensor, { data: other }: SourceTensor): boolean {
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
