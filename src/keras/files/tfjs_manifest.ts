import { FormatError } from "../../errors.ts";
import { fromF16 } from "../../formats/float16.ts";
import type { Budget } from "../../formats/limits.ts";
import { sidePath } from "../../formats/side_path.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import { type Config, describeValue, type Faults } from "../read/config.ts";

/** Weights that are stored one after the other, cut into files. */
interface WeightGroup {
  /** The files, relative to the folder of the model. */
  readonly paths: readonly string[];
  readonly weights: readonly StoredWeight[];
}

/** A weight and the storage of its numbers. */
interface StoredWeight {
  readonly name: string;
  readonly shape: readonly number[];
  /** Number of elements. */
  readonly size: number;
  /** The type of the numbers in the file. */
  readonly stored: keyof typeof STORED;
  /** The number q in the file means q scale + min. */
  readonly scale: number;
  readonly min: number;
  /** Whether it is a moment of an optimizer, which `save` stores on request. */
  readonly ofOptimizer: boolean;
}

/** Bytes per number for each type. */
const STORED = { float32: 4, int32: 4, float16: 2, uint8: 1, uint16: 2 } as const;

/** Reads a `weightsManifest`. */
export function readManifest(manifest: Config, faults: Faults): WeightGroup[] {
  const groups = manifest.children("weightsManifest").map((group) => {
    const list = group.value("paths");
    const given = Array.isArray(list) ? list.map(({ value }) => value) : [], paths = given.map(sidePath);
    const outside = paths.findIndex((path) => path === undefined);
    if (!given.length || outside >= 0) {
      const actual = describeValue(given[outside]);
      faults.add(`"paths" must be a list of files beside model.json or below it, got ${actual}`);
    }
    return { paths: paths as string[], weights: group.children("weights").map((weight) => readWeight(weight, faults)) };
  });
  const names = groups.flatMap(({ weights }) => weights.map(({ name }) => name));
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) faults.add(`the weight ${JSON.stringify(twice)} is listed twice`);
  return groups;
}

function readWeight(config: Config, faults: Faults): StoredWeight {
  const name = config.text("name") ?? "";
  const fault = (reason: string) => faults.add(`weight ${JSON.stringify(name)}: ${reason}`);
  const list = config.value("shape");
  const extents = Array.isArray(list) ? list.map(({ value }) => value as number) : undefined;
  const isShape = extents?.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  if (!isShape) fault(`"shape" must be a list of integers >= 0, got ${describeValue(list)}`);
  const shape = isShape ? extents! : [];
  const size = shape.reduce((a, b) => a * b, 1);
  const dtype = config.text("dtype"), ofOptimizer = config.text("group") === "optimizer";
  if (dtype !== "float32" && !(dtype === "int32" && ofOptimizer)) {
    fault(`"dtype" must be float32, got ${describeValue(dtype)}`);
  }
  const quantization = config.child("quantization");
  const stored = quantization?.text("dtype") ?? dtype ?? "float32";
  const linear = stored === "uint8" || stored === "uint16";
  const isKnown = Object.hasOwn(STORED, stored) && (stored !== "int32" || ofOptimizer);
  if (!isKnown) fault(`it is stored as ${describeValue(stored)}, which is not supported`);
  if (linear && !(quantization!.has("scale") && quantization!.has("min"))) fault(`"scale" and "min" are missing`);
  return {
    name,
    shape,
    size,
    stored: isKnown ? stored as StoredWeight["stored"] : "float32",
    scale: linear ? quantization!.number("scale", 1) : 1,
    min: linear ? quantization!.number("min", 0) : 0,
    ofOptimizer,
  };
}

/**
 * Decodes the weights of groups from their files.
 *
 * @throws {FormatError} When the files of a group have more or fewer bytes than its weights need.
 */
export function readWeights(
  groups: readonly WeightGroup[],
  files: ReadonlyMap<string, Uint8Array>,
  budget: Budget,
): Map<string, TensorCopy> {
  const tensors = new Map<string, TensorCopy>();
  for (const { paths, weights } of groups) {
    const chunks = paths.map((path) => files.get(path)!);
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const needed = weights.reduce((sum, { size, stored }) => sum + size * STORED[stored], 0);
    if (length !== needed) {
      throw new FormatError(
        `Cannot read the weights of ${paths.join(", ")}: expected ${needed} bytes by the manifest, got ${length}`,
      );
    }
    // Bytes of 8 bits become f32.
    budget.spend(6 * length);
    const bytes = new Uint8Array(length);
    chunks.reduce((at, chunk) => (bytes.set(chunk, at), at + chunk.length), 0);
    weights.reduce((at, { name, shape, size, stored, scale, min, ofOptimizer }) => {
      const end = at + size * STORED[stored];
      if (!ofOptimizer) tensors.set(name, { shape, data: dequantized(bytes.slice(at, end), stored, scale, min) });
      return end;
    }, 0);
  }
  return tensors;
}

/** The numbers of a weight as f32. */
function dequantized(
  { buffer }: Uint8Array<ArrayBuffer>,
  stored: StoredWeight["stored"],
  scale: number,
  min: number,
): Float32Array {
  switch (stored) {
    case "float32":
    case "int32": // of an optimizer alone
      return new Float32Array(buffer);
    case "float16":
      return fromF16(new Uint16Array(buffer));
    case "uint8":
      return Float32Array.from(new Uint8Array(buffer), (q) => q * scale + min);
    case "uint16":
      return Float32Array.from(new Uint16Array(buffer), (q) => q * scale + min);
  }
}
