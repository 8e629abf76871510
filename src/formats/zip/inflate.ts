// deno-lint-ignore no-import-prefix -- an entry must work from a URL, where deno.json does not travel
import { Inflate, inflateSync, Unzlib, unzlibSync } from "npm:fflate@0.8.3";
import type { FormatError } from "../../errors.ts";
import type { Budget } from "../limits.ts";

/** Deflate makes at most so many bytes of one. */
const MAX_RATIO = 1032;

/**
 * Compressed bytes that are inflated at a time, so that a lie about the size ends early. So few or fewer are inflated
 * at once: a stream takes 0.2 ms to begin, and a dataset can have thousands of chunks.
 */
const STEP = 1 << 14;

/**
 * Inflates bytes whose length is known.
 *
 * @param size The length of the result.
 * @param broken Makes the error.
 * @throws {FormatError} When the bytes are broken, have another length, or take more than the budget has.
 */
export function inflated(
  packed: Uint8Array,
  size: number,
  form: "raw" | "zlib",
  budget: Budget,
  broken: (reason: string) => FormatError,
): Uint8Array {
  if (size > MAX_RATIO * (packed.length + 1)) throw broken(`${packed.length} bytes cannot inflate to ${size}`);
  budget.spend(size);
  // One byte more shows that there are more.
  const result = new Uint8Array(size + 1);
  let at = 0;
  try {
    if (packed.length <= STEP) at = (form === "raw" ? inflateSync : unzlibSync)(packed, { out: result }).length;
    else {
      const stream = new (form === "raw" ? Inflate : Unzlib)((part) => {
        if (at + part.length > size) throw broken(`compressed bytes inflate to more than ${size}`);
        result.set(part, at);
        at += part.length;
      });
      for (let from = 0; from < packed.length; from += STEP) {
        stream.push(packed.subarray(from, from + STEP), from + STEP >= packed.length);
      }
    }
  } catch (error) {
    throw error instanceof SyntaxError ? error : broken(`compressed bytes are broken (${(error as Error).message})`);
  }
  if (at !== size) throw broken(`compressed bytes inflate to ${at} instead of ${size}`);
  return result.subarray(0, size);
}
