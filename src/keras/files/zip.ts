// deno-lint-ignore no-import-prefix -- an entry must work from a URL, where deno.json does not travel
import { zipSync } from "npm:fflate@0.8.3";

/** Writes a zip file of uncompressed entries. */
export function writeZip(entries: Readonly<Record<string, Uint8Array>>): Uint8Array<ArrayBuffer> {
  // A fixed date: otherwise the entries would differ from one call to the next.
  return zipSync(entries as Record<string, Uint8Array>, { level: 0, mtime: new Date(1980, 0, 1) }) as Uint8Array<
    ArrayBuffer
  >;
}
