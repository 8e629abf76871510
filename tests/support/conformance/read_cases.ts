import { assert } from "@std/assert";
import { readSafetensors, type Tensor } from "../../../src/formats/safetensors.ts";

/** How far a result may be from the expected value `want`: by `atol + rtol * abs(want)`. */
export interface Tolerance {
  atol: number;
  rtol: number;
}

/** One entry of a `cases.json`; `make_fixtures.py` describes the fields. */
export interface Case {
  name: string;
  kind: string;
  // deno-lint-ignore no-explicit-any -- every kind has options of its own
  config: any;
  file: string;
  /** A tolerance, or, for the kind "training", one for each group of results. */
  // deno-lint-ignore no-explicit-any -- as above
  tolerance: any;
  notes: string;
  /** Whether the library may have another result, if it says so. */
  advisory?: boolean;
  generator: string;
  /** The name of a JSON file beside `file`. */
  json?: string;
  /** Reads the case's file: at the first call, then the same again. */
  tensors(): CaseTensors;
  /** Reads the case's JSON file. */
  // deno-lint-ignore no-explicit-any -- as above
  document(): any;
  /** Reads a file by its path from where the case's file is; undefined: there is none. */
  bytes(path: string): Uint8Array | undefined;
}

/** The tensors of a case by name. */
export class CaseTensors {
  readonly #tensors: Map<string, Tensor>;

  constructor(tensors: Map<string, Tensor>) {
    this.#tensors = tensors;
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** The names that begin with `prefix`, without it, in the order of the file. */
  names(prefix = ""): string[] {
    return [...this.#tensors.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  }

  shape(name: string): number[] {
    return this.tensor(name).shape;
  }

  /** The elements of an F32 tensor. */
  floats(name: string): Float32Array<ArrayBuffer> {
    const { dtype, data } = this.tensor(name);
    if (dtype !== "F32") throw new Error(`Tensor ${name} is ${dtype}, not F32`);
    return data;
  }

  /** The elements of an I32 tensor, or of an I64 tensor whose values all fit. */
  ints(name: string): Int32Array<ArrayBuffer> {
    const { dtype, data } = this.tensor(name);
    if (dtype === "F32") throw new Error(`Tensor ${name} is F32, not integers`);
    if (dtype === "I32") return data;
    const ints = Int32Array.from(data, Number);
    assert(ints.every((value, i) => BigInt(value) === data[i]), `tensor ${name} has values past 32 bits`);
    return ints;
  }

  /** The elements of a tensor of any type, and as what they are stored. */
  tensor(name: string): Tensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new Error(`No tensor ${name} among ${this.names().join(", ")}`);
    return tensor;
  }
}

/**
 * The cases of a folder with a `cases.json`, by default of this one.
 *
 * @param folder Its URL, which ends in a slash.
 */
export function readCases(folder: URL = new URL("../../fixtures/", import.meta.url)): Case[] {
  const entries = JSON.parse(Deno.readTextFileSync(new URL("cases.json", folder))) as Omit<
    Case,
    "tensors" | "document" | "bytes"
  >[];
  return entries.map((entry) => {
    let tensors: CaseTensors | undefined;
    return {
      ...entry,
      tensors: () =>
        tensors ??= new CaseTensors(readSafetensors(Deno.readFileSync(new URL(entry.file, folder))).tensors),
      document: () => JSON.parse(Deno.readTextFileSync(new URL(entry.json!, folder))),
      bytes(path) {
        try {
          return Deno.readFileSync(new URL(path, new URL(entry.file, folder)));
        } catch (error) {
          if (error instanceof Deno.errors.NotFound) return undefined;
          throw error;
        }
      },
    };
  });
}

/** Asserts that every element of `got` is as near to that of `want` as the tolerance asks; NaN is near nothing. */
export function assertClose(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  { atol, rtol }: Tolerance,
  what: string,
): void {
  assert(got.length === want.length, `${what}: ${got.length} elements, expected ${want.length}`);
  for (let i = 0; i < want.length; i++) {
    const near = Math.abs(got[i] - want[i]) <= atol + rtol * Math.abs(want[i]);
    assert(near, `${what}: element ${i} is ${got[i]}, expected ${want[i]} within ${atol} + ${rtol} of it`);
  }
}
