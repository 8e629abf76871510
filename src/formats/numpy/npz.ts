import { FormatError, requireBytes } from "../../errors.ts";
import { readOptions } from "../../options.ts";
import { quote } from "../json.ts";
import { Budget } from "../limits.ts";
import type { Tensor } from "../safetensors.ts";
import { wrongFile } from "../wrong_file.ts";
import { readZip } from "../zip/read_zip.ts";
import { arrayOf, READ_NUMPY, type ReadNumpyOptions } from "./npy.ts";

const ENDING = ".npy";

/**
 * Reads a file of `numpy.savez` or `numpy.savez_compressed` (`.npz`): arrays of floats, integers or booleans by name.
 *
 * @param file The content of the file.
 * @returns The arrays in row-major order.
 * @throws {FormatError} When the file is broken, has arrays of other elements, or would take more than `limits` allow.
 *
 * @example
 * ```ts ignore
 * import { readNpz } from "@unroll/rnn/numpy";
 *
 * session.setParameters(readNpz(await Deno.readFile("weights.npz")), { strict: false });
 * ```
 */
export function readNpz(file: Uint8Array | ArrayBuffer, options: ReadNumpyOptions = {}): Map<string, Tensor> {
  const { limits } = readOptions("readNpz", READ_NUMPY, options);
  const bytes = requireBytes("bytes", file), budget = new Budget("the file of NumPy", bytes.length, limits);
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) {
    const actual = wrongFile(bytes) ?? "other bytes";
    throw new FormatError(`Cannot read the file of NumPy: expected a zip file of numpy.savez, got ${actual}`, 0);
  }
  const tensors = new Map<string, Tensor>();
  for (const [name, content] of readZip(bytes, () => true, budget)) {
    if (!name.endsWith(ENDING)) {
      throw new FormatError(`Cannot read the file of NumPy: expected arrays alone, got the file ${quote(name)}`);
    }
    tensors.set(
      name.slice(0, -ENDING.length),
      arrayOf(`the array ${quote(name)} of the file of NumPy`, content, budget),
    );
  }
  return tensors;
}
