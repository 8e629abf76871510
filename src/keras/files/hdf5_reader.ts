// deno-lint-ignore no-import-prefix -- an entry must work from a URL, where deno.json does not travel
import { Dataset, File } from "npm:jsfive@0.4.2";
import { FormatError } from "../../errors.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";

/** The maximum number of groups and datasets, and the maximum depth: more than any valid file of weights has. */
const MAX_OBJECTS = 100_000, MAX_DEPTH = 40;

/** A group as jsfive represents it. */
interface Group {
  readonly keys: readonly string[];
  readonly attrs: Readonly<Record<string, unknown>>;
  get(name: string): unknown;
}

/** The numbers of a dataset as jsfive represents them. */
interface Numbers {
  readonly shape: readonly number[];
  readonly dtype: unknown;
  readonly value: readonly (number | undefined)[];
}

/**
 * An HDF5 file of tensors, read by jsfive. Every failure of jsfive becomes a `FormatError` that names the part of the
 * file.
 */
export class Hdf5File {
  readonly #what: string;
  readonly #length: number;
  readonly #root: Group;

  /**
   * @param what The name of the file in errors.
   * @throws {FormatError} When the bytes are not an HDF5 file.
   */
  constructor(what: string, bytes: Uint8Array) {
    this.#what = what;
    this.#length = bytes.length;
    const whole = bytes.byteOffset === 0 && bytes.length === bytes.buffer.byteLength;
    this.#root = this.#guard("/", () => new File(whole ? bytes.buffer : bytes.slice().buffer, what));
  }

  /** The paths of all datasets, in the order of the file. */
  datasets(): string[] {
    const found: string[] = [];
    let count = 0;
    const walk = (group: Group, path: string, depth: number): void => {
      for (const name of this.#guard(path || "/", () => group.keys)) {
        const inner = `${path}${name}`;
        if (++count > MAX_OBJECTS || depth > MAX_DEPTH) {
          throw this.#refuse(inner, "there are too many groups, or they are nested too deeply");
        }
        const child = this.#guard(inner, () => group.get(name));
        if (child instanceof Dataset) found.push(inner);
        else if (isGroup(child)) walk(child, `${inner}/`, depth + 1);
        else throw this.#refuse(inner, "it is a link to nothing");
      }
    };
    walk(this.#root, "", 0);
    return found;
  }

  /** An attribute of a group; `""` is the root group. Undefined when the group or the attribute does not exist. */
  attribute(path: string, name: string): unknown {
    const group = path ? this.#find(path) : this.#root;
    if (!isGroup(group)) return undefined;
    const attributes = this.#guard(path || "/", () => group.attrs);
    return Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  }

  /**
   * A dataset of floating point numbers; undefined when it does not exist.
   *
   * @throws {FormatError} When the dataset has another type, is compressed, or claims to be larger than the file.
   */
  tensor(path: string): TensorCopy | undefined {
    const found = this.#find(path);
    if (!(found instanceof Dataset)) return undefined;
    const dataset = found as unknown as Numbers;
    const refuse = (reason: string) => this.#refuse(path, reason);
    const { shape, dtype } = this.#guard(path, () => ({ shape: [...dataset.shape], dtype: dataset.dtype }));
    const [, digits] = typeof dtype === "string" ? /^[<>|]?f([248])$/.exec(dtype) ?? [] : [];
    if (!digits) throw refuse(`it must hold floating point numbers, got ${String(dtype).slice(0, 40)}`);
    const size = shape.reduce((a, b) => a * b, 1);
    if (size * Number(digits) > this.#length) {
      throw refuse(`${size} numbers are more than the file holds; compressed datasets are not supported`);
    }
    const value = this.#guard(path, () => dataset.value);
    if (value?.length !== size || value.includes(undefined)) throw refuse(`it must hold ${size} numbers`);
    return { shape, data: Float32Array.from(value as readonly number[]) };
  }

  #find(path: string): unknown {
    return path.split("/").reduce<unknown>((object, name) => {
      if (!isGroup(object)) return undefined;
      return this.#guard(path, () => object.keys.includes(name) ? object.get(name) : undefined);
    }, this.#root);
  }

  #guard<A>(path: string, read: () => A): A {
    try {
      return read();
    } catch (error) {
      if (error instanceof FormatError) throw error;
      throw this.#refuse(
        path,
        `the HDF5 is broken (${error instanceof Error ? error.message : String(error).slice(0, 80)})`,
      );
    }
  }

  #refuse(path: string, reason: string): FormatError {
    return new FormatError(`Cannot read ${JSON.stringify(path.slice(0, 200))} of ${this.#what}: ${reason}`);
  }
}

function isGroup(object: unknown): object is Group {
  return typeof object === "object" && object !== null && !(object instanceof Dataset) && "keys" in object;
}
