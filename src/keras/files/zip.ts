// deno-lint-ignore no-import-prefix -- an entry must work from a URL, where deno.json does not travel
import { unzipSync, zipSync } from "npm:fflate@0.8.3";
import { FormatError } from "../../errors.ts";

/**
 * The entries of a zip file with the names in `wanted`, as far as they exist.
 *
 * @throws {FormatError} When the file is broken, or a wanted entry exists twice or is compressed. Keras does not
 * compress, and a compressed entry could expand to any size.
 */
export function readZip(bytes: Uint8Array, wanted: readonly string[]): Map<string, Uint8Array> {
  const seen = new Set<string>();
  try {
    const entries = unzipSync(bytes, {
      filter({ name, size, originalSize, compression }) {
        if (!wanted.includes(name)) return false;
        if (seen.has(name)) throw new Error(`there are two ${JSON.stringify(name)}`);
        seen.add(name);
        if (compression !== 0) throw new Error(`${JSON.stringify(name)} is compressed`);
        if (size !== originalSize || size > bytes.length) throw new Error(`${JSON.stringify(name)} has two sizes`);
        return true;
      },
    });
    return new Map(Object.entries(entries).filter(([name]) => seen.has(name)));
  } catch (error) {
    throw new FormatError(`Cannot read the zip file: ${error instanceof Error ? error.message : error}`);
  }
}

/** Writes a zip file of uncompressed entries. */
export function writeZip(entries: Readonly<Record<string, Uint8Array>>): Uint8Array<ArrayBuffer> {
  // A fixed date: otherwise the entries would differ from one call to the next.
  return zipSync(entries as Record<string, Uint8Array>, { level: 0, mtime: new Date(1980, 0, 1) }) as Uint8Array<
    ArrayBuffer
  >;
}
