import { FormatError } from "../../errors.ts";
import { fromF16 } from "../../formats/float16.ts";
import type { JsonNode } from "../../formats/json.ts";
import { type Config, describeValue } from "../read/config.ts";
import type { Faults } from "../read/config.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";

/** Weights that lie one behind the other in files. */
export interface WeightGroup {
  /** The files, relative to that of the model. */
  readonly paths: readonly string[];
  readonly weights: readonly StoredWeight[];
}

/** A weight and how its numbers are stored. */
export interface StoredWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly stored: keyof typeof STORED;
  /** A number q stands for q scale + min. */
  readonly scale: number;
  readonly min: number;
}

/** Kinds of numbers, and bytes of one. */
const STORED = { float32: 4, float16: 2, uint8: 1, uint16: 2 } as const;

/** The groups of a `weightsManifest`. */
export function readManifest(manifest: Config, faults: Faults): WeightGroup[] {
  const groups = manifest.children("weightsManifest").map((group) => {
    const paths = group.value("paths");
    const texts = Array.isArray(paths) ? paths.map(({ value }) => value) : [];
    if (!texts.length || !texts.every((path) => typeof path === "string" && isInside(path))) {
      faults.add(
        `"paths" must be a list of files beside the model's or below it, got ${
          describeValue(texts.find(outside) as string)
        }`,
      );
    }
    return { paths: texts as string[], weights: group.children("weights").map((weight) => readWeight(weight, faults)) };
  });
  const names = groups.flatMap(({ weights }) => weights.map(({ name }) => name));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) faults.add(`the weight ${JSON.stringify(twice)} comes twice`);
  return groups;
}

function outside(path: JsonNode["value"]): boolean {
  return typeof path !== "string" || !isInside(path);
}

/** Whether a path stays in the folder of the model: no other host, no way up. */
function isInside(path: string): boolean {
  return /^[^\\:?#%]+$/.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function readWeight(config: Config, faults: Faults): StoredWeight {
  const name = config.text("name") ?? "",
    fault = (reason: string) => faults.add(`weight ${JSON.stringify(name)}: ${reason}`);
  const own = config.value("shape"), extents = Array.isArray(own) ? own.map(({ value }) => value as number) : undefined;
  const right = extents?.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (!right) fault(`"shape" must be a list of integers >= 0, got ${describeValue(own)}`);
  const shape = right ? extents! : [], size = shape.reduce((a, b) => a * b, 1), dtype = config.text("dtype");
  if (dtype !== "float32") fault(`"dtype" must be float32, got ${describeValue(dtype)}`);
  const quantization = config.child("quantization"), stored = quantization?.text("dtype") ?? "float32";
  const linear = stored === "uint8" || stored === "uint16";
  if (!Object.hasOwn(STORED, stored)) fault(`it is stored as ${describeValue(stored)}, which is not supported`);
  if (linear && !(quantization!.has("scale") && quantization!.has("min"))) fault(`"scale" and "min" are missing`);
  return {
    name,
    shape,
    size,
    stored: Object.hasOwn(STORED, stored) ? stored as StoredWeight["stored"] : "float32",
    scale: linear ? quantization!.number("scale", 1) : 1,
    min: linear ? quantization!.number("min", 0) : 0,
  };
}

/**
 * The weights of groups, from the bytes of their files.
 *
 * @throws {FormatError} When a group's files have more or fewer bytes than its weights need.
 */
export function readWeights(
  groups: readonly WeightGroup[],
  files: ReadonlyMap<string, Uint8Array>,
): Map<string, TensorCopy> {
  const tensors = new Map<string, TensorCopy>();
  for (const { paths, weights } of groups) {
    const parts = paths.map((path) => files.get(path)!), length = parts.reduce((sum, part) => sum + part.length, 0);
    const needed = weights.reduce((sum, { size, stored }) => sum + size * STORED[stored], 0);
    if (length !== needed) {
      throw new FormatError(
        `Cannot read the weights of ${paths.join(", ")}: expected ${needed} bytes by the manifest, got ${length}`,
      );
    }
    const bytes = new Uint8Array(length);
    parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
    weights.reduce((at, { name, shape, size, stored, scale, min }) => {
      const end = at + size * STORED[stored];
      tensors.set(name, { shape, data: dequantized(bytes.slice(at, end), stored, scale, min) });
      return end;
    }, 0);
  }
  return tensors;
}

function dequantized(
  { buffer }: Uint8Array<ArrayBuffer>,
  stored: StoredWeight["stored"],
  scale: number,
  min: number,
): Float32Array {
  switch (stored) {
    case "float32":
      return new Float32Array(buffer);
    case "float16":
      return fromF16(new Uint16Array(buffer));
    case "uint8":
      return Float32Array.from(new Uint8Array(buffer), (q) => q * scale + min);
    case "uint16":
      return Float32Array.from(new Uint16Array(buffer), (q) => q * scale + min);
  }
}
