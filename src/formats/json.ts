/**
 * A strict JSON parser over bytes. Unlike `JSON.parse` it records the byte range of each value, refuses duplicate keys,
 * and keeps all keys in the order of the file, numeric ones too.
 */

import type { FormatError } from "../errors.ts";

/** A value of a JSON text and its bytes [start, end). */
export interface JsonNode {
  readonly value: null | boolean | number | string | JsonNode[] | Map<string, JsonNode>;
  readonly start: number;
  readonly end: number;
}

/** Makes the error for a fault at byte `offset`. `reason` says what was expected and what was found. */
type Refusal = (offset: number, reason: string) => FormatError;

/** Space, tab, line feed, carriage return. */
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** The characters of numbers. */
const IN_NUMBER = "+-.eE0123456789";

/** The maximum nesting: deeper than any valid header, and shallow enough for any stack. */
const MAX_DEPTH = 64;

/**
 * The maximum number of values, each of which is an object of some 100 bytes. It is enough for 200,000 tensors. Without
 * it, 100 MB of zeros and commas would take 3 GB and 13 s.
 */
const MAX_VALUES = 2_000_000;

const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;

/**
 * Parses the JSON value in bytes [start, end) of `bytes`. White space may surround it.
 *
 * @throws {FormatError} The error of `refuse`, at the first byte that is not UTF-8 or not JSON, or at a duplicate key.
 */
export function parseJson(bytes: Uint8Array, start: number, end: number, refuse: Refusal): JsonNode {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let at = start;
  let values = 0;

  function space(): void {
    while (at < end && SPACE.has(bytes[at])) at++;
  }

  /** Skips white space, and `character` if it is next. Returns whether it was. */
  function take(character: string): boolean {
    space();
    if (at >= end || bytes[at] !== character.charCodeAt(0)) return false;
    at++;
    return true;
  }

  function expected(what: string, offset = at): FormatError {
    const byte = bytes[offset];
    const printable = byte >= 0x20 && byte < 0x7f;
    const found = printable ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte?.toString(16).padStart(2, "0")}`;
    return refuse(offset, `expected ${what}, got ${offset < end ? found : "the end"}`);
  }

  function text(from: number, to: number): string {
    try {
      return utf8.decode(bytes.slice(from, to));
    } catch {
      throw refuse(from, "expected UTF-8, got other bytes");
    }
  }

  /** Short ASCII text is decoded here: a TextDecoder costs more than the rest of the parser. */
  function ascii(from: number, to: number): string {
    if (to - from > 100) return text(from, to);
    let result = "";
    for (let i = from; i < to; i++) result += String.fromCharCode(bytes[i]);
    return result;
  }

  function string(): string {
    if (!take('"')) throw expected("a string");
    const from = at - 1;
    let plain = true; // printable ASCII without escapes, as in nearly all names
    for (; at < end && bytes[at] !== 0x22; at++) {
      plain &&= bytes[at] >= 0x20 && bytes[at] < 0x7f && bytes[at] !== 0x5c;
      if (bytes[at] === 0x5c) at++; // a backslash shields the next byte
    }
    if (at >= end) throw refuse(from, "expected a closing quote, got the end");
    at++;
    if (plain) return ascii(from + 1, at - 1);
    let value: string | undefined;
    const source = text(from, at);
    try {
      value = JSON.parse(source) as string; // the escapes
    } catch { // reported below
    }
    // An unpaired surrogate has no UTF-8 form, so such a name could not be written again.
    if (!value?.isWellFormed()) throw refuse(from, "expected a valid string");
    return value;
  }

  function number(): number {
    const from = at;
    while (at < end && IN_NUMBER.includes(String.fromCharCode(bytes[at]))) at++;
    const source = ascii(from, at);
    if (!NUMBER.test(source)) throw expected("a JSON value", from);
    return Number(source);
  }

  function list(depth: number): JsonNode[] {
    const items: JsonNode[] = [];
    if (take("]")) return items;
    do items.push(node(depth + 1)); while (take(","));
    if (!take("]")) throw expected('"," or "]"');
    return items;
  }

  function object(depth: number): Map<string, JsonNode> {
    const members = new Map<string, JsonNode>();
    if (take("}")) return members;
    do {
      space();
      const from = at;
      const key = string();
      if (members.has(key)) throw refuse(from, `expected a new key, got ${quote(key)} again`);
      if (!take(":")) throw expected('":"');
      members.set(key, node(depth + 1));
    } while (take(","));
    if (!take("}")) throw expected('"," or "}"');
    return members;
  }

  function word(name: string): boolean {
    const matches = bytes[at] === name.charCodeAt(0) && at + name.length <= end &&
      ascii(at, at + name.length) === name;
    if (matches) at += name.length;
    return matches;
  }

  function value(depth: number): JsonNode["value"] {
    if (at < end && bytes[at] === 0x22) return string();
    if (take("{")) return object(depth);
    if (take("[")) return list(depth);
    if (word("null")) return null;
    if (word("true")) return true;
    if (word("false")) return false;
    return number();
  }

  function node(depth: number): JsonNode {
    space();
    if (depth > MAX_DEPTH) throw refuse(at, `expected at most ${MAX_DEPTH} levels of nesting, got more`);
    if (++values > MAX_VALUES) throw refuse(at, `expected at most ${MAX_VALUES} values, got more`);
    const from = at;
    const parsed = value(depth); // moves `at`
    return { value: parsed, start: from, end: at };
  }

  const root = node(0);
  space();
  if (at < end) throw expected("the end");
  return root;
}

/** A name in an error message. A long name is cut off. */
export function quote(text: unknown): string {
  const short = typeof text === "string" && text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return JSON.stringify(short) ?? String(text);
}
