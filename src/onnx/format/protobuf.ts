// deno-lint-ignore no-import-prefix -- an entry must work from a URL, where deno.json does not travel
import { BinaryReader, BinaryWriter, WireType } from "npm:@bufbuild/protobuf@2.17.0/wire";
import { FormatError } from "../../errors.ts";
import { spend } from "./budget.ts";

/**
 * The type of a field: a number (integers beyond 2^53 are rounded), bytes, text, or an embedded message. A message that
 * may contain itself is named by a function.
 */
type Kind = "integer" | "float" | "double" | "bytes" | "text" | Schema | (() => Schema);

/** A field of a message; `many` for a repeated one. */
interface Field {
  readonly name: string;
  readonly kind: Kind;
  readonly many?: true;
}

/** The fields of a message by number. Other fields are skipped. */
export interface Schema {
  readonly [number: number]: Field;
}

/** A message: its fields by name. Repeated fields are lists, absent fields undefined. */
interface Message {
  [name: string]: unknown;
}

/**
 * The memory of a message, in elements of 8 bytes: an object and its empty lists. An empty one is 2 bytes of a file.
 */
const MESSAGE = 32;

/** How deep messages may be inside each other: a graph in a branch in a graph ... takes 3 levels. */
const DEEPEST = 64;

const UTF8 = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true });

/** Wire types of single numbers. A packed list is length-delimited, whatever its elements are. */
const WIRE = { integer: WireType.Varint, float: WireType.Bit32, double: WireType.Bit64 };

/**
 * Reads a protobuf message (https://protobuf.dev/programming-guides/encoding) by a schema. Fields of bytes are
 * views of the input. Recursion has a limit, so no file can exhaust the stack.
 *
 * @param offset The position of `bytes` in the file.
 * @param depth The number of messages around this one.
 * @throws {FormatError} When the bytes are not such a message; with the byte `offset` of the fault.
 */
export function decode(schema: Schema, bytes: Uint8Array, offset = 0, depth = 0): Message {
  if (depth > DEEPEST) {
    throw new FormatError(`Cannot read ONNX at byte ${offset}: graphs are too deep inside each other`, offset);
  }
  spend(MESSAGE);
  const reader = new BinaryReader(bytes), message: Message = {};
  for (const { name, many } of Object.values(schema) as Field[]) if (many) message[name] = [];
  while (reader.pos < reader.len) {
    const at = reader.pos;
    try {
      const [number, wire] = reader.tag(), field = schema[number];
      if (field) readField(reader, field, wire, message, offset, depth);
      else if (wire === WireType.StartGroup || wire === WireType.EndGroup) throw new Error("a group");
      else reader.skip(wire, number);
    } catch (error) {
      if (error instanceof FormatError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new FormatError(`Cannot read ONNX at byte ${offset + at}: the protobuf is broken (${reason})`, offset + at);
    }
  }
  return message;
}

function readField(
  reader: BinaryReader,
  field: Field,
  wire: WireType,
  message: Message,
  offset: number,
  depth: number,
): void {
  const { name, kind, many } = field;
  const add = (value: unknown) => many ? (message[name] as unknown[]).push(value) : message[name] = value;
  if (typeof kind === "string" && kind in WIRE) {
    const numeric = kind as keyof typeof WIRE;
    if (!many || wire !== WireType.LengthDelimited) {
      requireWire(wire, WIRE[numeric]);
      add(readNumber(reader, numeric));
      return;
    }
    const packed = new BinaryReader(reader.bytes());
    spend(packed.len);
    while (packed.pos < packed.len) add(readNumber(packed, numeric));
    return;
  }
  requireWire(wire, WireType.LengthDelimited);
  const bytes = reader.bytes();
  if (kind === "bytes") add(bytes);
  else if (kind === "text") add(UTF8.decode(bytes));
  else add(decode(schemaOf(kind), bytes, offset + reader.pos - bytes.length, depth + 1));
}

function schemaOf(kind: Kind): Schema {
  return typeof kind === "function" ? kind() : kind as Schema;
}

function readNumber(reader: BinaryReader, kind: keyof typeof WIRE): number {
  return kind === "integer" ? Number(reader.int64()) : kind === "float" ? reader.float() : reader.double();
}

function requireWire(got: WireType, expected: WireType): void {
  if (got === expected) return;
  throw new Error(`wire type ${got} instead of ${expected}`);
}

/** Writes a message by a schema: fields in ascending order of their numbers, lists of numbers packed. */
export function encode(schema: Schema, message: Message): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, { name, kind, many }] of Object.entries(schema) as [string, Field][]) {
    const value = message[name];
    if (value === undefined || (many && !(value as unknown[]).length)) continue;
    if (many && typeof kind === "string" && kind in WIRE) {
      writer.tag(Number(number), WireType.LengthDelimited).fork();
      for (const element of value as number[]) writeElement(writer, kind, element);
      writer.join();
      continue;
    }
    for (const element of many ? value as unknown[] : [value]) {
      writer.tag(Number(number), WIRE[kind as keyof typeof WIRE] ?? WireType.LengthDelimited);
      writeElement(writer, kind, element);
    }
  }
  return writer.finish();
}

function writeElement(writer: BinaryWriter, kind: Kind, element: unknown): void {
  if (kind === "integer") writer.int64(element as number);
  else if (kind === "float") writer.float(element as number);
  else if (kind === "double") writer.double(element as number);
  else if (kind === "bytes") writer.bytes(element as Uint8Array);
  else if (kind === "text") writer.string(element as string);
  else writer.bytes(encode(schemaOf(kind), element as Message));
}
