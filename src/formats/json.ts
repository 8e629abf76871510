/**
 * A strict JSON parser over bytes. What `JSON.parse` cannot do and a header needs: it says where each value stands,
 * refuses a key that comes twice, and keeps keys in the order of the file, whatever they look like.
 */

import type { FormatError } from "../errors.ts";

/** A value of a JSON text and the bytes [start, end) that spell it. */
export interface JsonNode {
  readonly value: null | boolean | number | string | JsonNode[] | Map<string, JsonNode>;
  readonly start: number;
  readonly end: number;
}

/** Makes the error for something wrong at byte `offset`; `reason` says what was expected and what came. */
export type Refusal = (offset: number, reason: string) => FormatError;

/** Space, tab, line feed, carriage return. */
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

const IN_NUMBER = new Set(new TextEncoder().encode("+-.eE0123456789"));

/** Deep enough for any honest header, shallow enough for any stack. */
const MAX_DEPTH = 64;

/**
 * So many values, each an object of some 100 bytes, are enough for 200,000 tensors; 100 MB that are nothing but zeros and
 * commas would otherwise take 3 GB and 13 s.
 */
const MAX_VALUES = 2_000_000;

const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;

/**
 * The one JSON value in bytes [start, end) of `bytes`, white space around it allowed.
 *
 * @throws What `refuse` makes, at the first byte that is not UTF-8 or not JSON, or where a key comes again.
 */
export function parseJson(bytes: Uint8Array, start: number, end: number, refuse: Refusal): JsonNode {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let at = start, values = 0;

  function space(): void {
    while (at < end && SPACE.has(bytes[at])) at++;
  }

  /** Whether `character` is next, after white space; then it is passed over. */
  function take(character: string): boolean {
    space();
    if (at >= end || bytes[at] !== character.charCodeAt(0)) return false;
    at++;
    return true;
  }

  function expected(what: string, offset = at): FormatError {
    const byte = bytes[offset];
    const printable = byte >= 0x20 && byte < 0x7f;
    const came = printable ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte?.toString(16).padStart(2, "0")}`;
    return refuse(offset, `expected ${what}, got ${offset < end ? came : "the end"}`);
  }

  function text(from: number, to: number): string {
    try {
      return utf8.decode(bytes.slice(from, to));
    } catch {
      throw refuse(from, "expected UTF-8, got other bytes");
    }
  }

  /** Short text of ASCII alone needs no decoder, which costs more than the rest of the parser. */
  function ascii(from: number, to: number): string {
    if (to - from > 100) return text(from, to);
    let result = "";
    for (let i = from; i < to; i++) result += String.fromCharCode(bytes[i]);
    return result;
  }

  function string(): string {
    if (!take('"')) throw expected("a string");
    const from = at - 1;
    let plain = true; // printable ASCII without escapes, as nearly all names are: no need to decode
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
    // Half a surrogate pair has no UTF-8 form: such a name could not be written again.
    if (!value?.isWellFormed()) throw refuse(from, "expected a valid string");
    return value;
  }

  function number(): number {
    const from = at;
    while (at < end && IN_NUMBER.has(bytes[at])) at++;
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

/** A name as a message shows it: of a long one the beginning. */
export function quote(text: unknown): string {
  const short = typeof text === "string" && text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return JSON.stringify(short) ?? String(text);
}
