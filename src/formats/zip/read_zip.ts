import { FormatError } from "../../errors.ts";
import type { Budget } from "../limits.ts";
import { inflated } from "./inflate.ts";

/** The first bytes of the record at the end, of an entry of the directory, and of an entry itself. */
const END = 0x06054b50, ENTRY = 0x02014b50, LOCAL = 0x04034b50;

/** Bytes of the record at the end, and the longest comment behind it. */
const END_SIZE = 22, COMMENT = 65535;

const STORED = 0, DEFLATED = 8, ENCRYPTED = 1;

/**
 * The entries of a zip file: stored, or compressed by deflate.
 *
 * @param isWanted Whether the entry of a name is read.
 * @throws {FormatError} When the file is broken, a wanted entry exists twice, or entries take more than the budget has.
 */
export function readZip(
  bytes: Uint8Array,
  isWanted: (name: string) => boolean,
  budget: Budget,
): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const refuse = (reason: string) => new FormatError(`Cannot read the zip file: ${reason}`);
  const requireWithin = (at: number, length: number) => {
    if (at + length > bytes.length) throw refuse("it is cut off");
  };
  const entries = new Map<string, Uint8Array>();
  const end = endOf(view);
  if (end === undefined) throw refuse("it has no directory");
  let at = view.getUint32(end + 16, true);
  for (let i = view.getUint16(end + 10, true); i > 0; i--) {
    requireWithin(at, 46);
    if (view.getUint32(at, true) !== ENTRY) throw refuse("its directory is broken");
    const [flags, method] = [8, 10].map((offset) => view.getUint16(at + offset, true));
    const [packed, size] = [20, 24].map((offset) => view.getUint32(at + offset, true));
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true));
    const local = view.getUint32(at + 42, true);
    requireWithin(at + 46, nameLength);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    at += 46 + nameLength + extra + comment;
    if (!isWanted(name)) continue;
    const fail = (reason: string) => refuse(`${JSON.stringify(name)} ${reason}`);
    if (entries.has(name)) throw fail("is there twice");
    if (flags & ENCRYPTED || (method !== STORED && method !== DEFLATED)) throw fail("is encrypted or packed otherwise");
    requireWithin(local, 30);
    if (view.getUint32(local, true) !== LOCAL) throw fail("is not where the directory says");
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    requireWithin(start, packed);
    const content = bytes.subarray(start, start + packed);
    if (method === STORED && size !== packed) throw fail("has two sizes");
    entries.set(name, method === STORED ? content : inflated(content, size, "raw", budget, fail));
  }
  return entries;
}

/** The place of the record at the end, before a comment. */
function endOf(view: DataView): number | undefined {
  const first = Math.max(0, view.byteLength - END_SIZE - COMMENT);
  for (let at = view.byteLength - END_SIZE; at >= first; at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  return undefined;
}
