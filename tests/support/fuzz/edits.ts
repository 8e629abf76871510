/** Random faults of bytes and of values. */
import type { Generator } from "../../../mod.ts";

/** An element of a list. */
export function pick<Element>(random: Generator, list: ArrayLike<Element>): Element {
  return list[random.integer(list.length)];
}

/** Numbers at which readers go wrong. */
const NUMBERS = [
  ...[0, 1, 2, 3, 7, 8, 16, 64, 127, 128, 255, 1000, 65535, 65536, 1e6, 2 ** 24, 2 ** 30, 2 ** 31, 2 ** 32, 2 ** 40],
  ...[-1, -2, -(2 ** 31), -(2 ** 53), 2 ** 31 - 1, 2 ** 32 - 1, 2 ** 53 - 1, 2 ** 53, 2 ** 63],
  ...[0.5, -0.5, 1.5, 1e-320, 1e21, 1e308],
];

/** Keys and texts at which readers go wrong. */
const TEXTS = [
  ...["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "length", "then", "toJSON"],
  ...["", "0", "-1", "name", "shape", "config", "class_name", "\u0000", "\ud800", "x".repeat(300)],
];

/** Words of 2, 4 or 8 bytes at which readers go wrong. */
const WORDS = [0n, 1n, 0xffn, 0xffffn, 0x7fffffffn, 0xffffffffn, 1n << 40n, 0xffffffffffffffffn];

/**
 * Bytes with one to three faults: changed, moved, removed, repeated, cut.
 *
 * @param hot Places that are changed more often than others.
 */
export function editBytes(
  good: Uint8Array,
  random: Generator,
  hot: ArrayLike<number> = [],
): Uint8Array<ArrayBuffer> {
  let bytes = Uint8Array.from(good);
  for (let n = 1 + random.integer(3); n > 0 && bytes.length; n--) {
    const { length } = bytes;
    const at = hot.length && random.integer(4) ? pick(random, hot) % length : random.integer(length);
    const to = random.integer(length), size = 1 + random.integer(16);
    switch (random.integer(8)) {
      case 0:
        bytes[at] = random.integer(256);
        break;
      case 1:
        bytes[at] ^= 1 << random.integer(8);
        break;
      case 2:
        bytes[at] = pick(random, [0, 1, 127, 128, 255]);
        break;
      case 3:
        bytes.copyWithin(to, at, at + size);
        break;
      case 4:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at + size));
        break;
      case 5: {
        const word = pick(random, [...WORDS, BigInt(length), BigInt(length - 1), BigInt(to)]);
        for (let i = pick(random, [2, 4, 8]) - 1; i >= 0; i--) {
          if (at + i < length) bytes[at + i] = Number(word >> BigInt(8 * i) & 255n);
        }
        break;
      }
      case 6:
        if (random.integer(4)) bytes[at] += pick(random, [1, 2, 16, 255]);
        else bytes = bytes.slice(0, at);
        break;
      default:
        bytes = joined(bytes.subarray(0, at + size), bytes.subarray(at));
    }
  }
  return bytes;
}

/** Bytes one after the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
  return bytes;
}

/** A value of JSON, or of a message whose leaves may be bytes. */
// deno-lint-ignore no-explicit-any -- any value
export type Value = any;

/** A place in a value: `holder[key]`. */
interface Place {
  readonly holder: Value;
  readonly key: string;
}

/** All places in a value. */
export function placesOf(value: Value, places: Place[] = []): Place[] {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return places;
  for (const key of Object.keys(value)) {
    places.push({ holder: value, key });
    placesOf(value[key], places);
  }
  return places;
}

/** A copy of a value. */
export function copied(value: Value): Value {
  if (ArrayBuffer.isView(value)) return (value as Uint8Array).slice();
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copied(inner)]));
}

/** Sets a member, whatever its name means to JavaScript. */
function set({ holder, key }: Place, value: Value): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * A copy of a value with one to three faults: other numbers, texts and types, members that are removed, renamed,
 * repeated, or taken from elsewhere.
 *
 * @param pool Places of other values, from which members of the same name are taken.
 * @param typed Whether numbers stay numbers, and lists stay lists, as in a message of protobuf.
 */
export function editValue(
  good: Value,
  random: Generator,
  { pool = [], typed = false }: { pool?: readonly Place[]; typed?: boolean } = {},
): Value {
  const root = { value: copied(good) };
  for (let n = 1 + random.integer(3); n > 0; n--) {
    const places = placesOf(root), place = pick(random, places), { holder, key } = place;
    const old = holder[key], isList = Array.isArray(holder);
    const sameKind = (list: readonly Place[]) =>
      list.filter((other) => other.key === key && (!typed || typeof other.holder[other.key] === typeof old));
    switch (random.integer(8)) {
      case 0:
        if (holder === root) break;
        if (isList) holder.splice(Number(key), 1);
        else delete holder[key];
        break;
      case 1:
        if (isList) holder.splice(Number(key), 0, copied(old));
        else if (holder !== root && !typed) {
          delete holder[key];
          set({ holder, key: pick(random, TEXTS) }, old);
        }
        break;
      case 2: {
        const others = sameKind(places);
        if (others.length) set(place, copied(valueAt(pick(random, others))));
        break;
      }
      case 3: {
        const others = sameKind(pool);
        if (others.length) set(place, copied(valueAt(pick(random, others))));
        break;
      }
      case 4:
        if (!typed) set(place, copied(valueAt(pick(random, places))));
        else if (isList) holder.reverse();
        break;
      default:
        set(place, typed ? sameType(old, random, places) : anyValue(old, random));
    }
  }
  return root.value;
}

function valueAt({ holder, key }: Place): Value {
  return holder[key];
}

/** Another value of the same type. */
function sameType(old: Value, random: Generator, places: readonly Place[]): Value {
  if (typeof old === "number") return random.integer(2) ? pick(random, NUMBERS) : old + pick(random, [1, -1]);
  if (ArrayBuffer.isView(old)) return editBytes(old as Uint8Array, random);
  if (Array.isArray(old)) return random.integer(2) ? [] : [...old, ...copied(old)];
  if (typeof old !== "string") return old;
  const texts = places.map(valueAt).filter((value) => typeof value === "string");
  return random.integer(4) ? pick(random, texts) : pick(random, TEXTS.filter((text) => text.isWellFormed()));
}

/** A value of any type. */
function anyValue(old: Value, random: Generator): Value {
  switch (random.integer(11)) {
    case 0:
    case 1:
    case 2:
      return pick(random, NUMBERS);
    case 3:
      return pick(random, [null, true, false]);
    case 4:
      return pick(random, TEXTS);
    case 5:
      return pick(random, [[], {}, [[]], [null], "", new Array(2000).fill(0)]);
    case 6:
      return [pick(random, NUMBERS), pick(random, NUMBERS)];
    case 7:
      return typeof old === "number"
        ? old * pick(random, [-1, 2, 0.5, 1e9])
        : Array.isArray(old)
        ? [...old, ...old]
        : [old];
    case 8:
      return typeof old === "number" ? old + pick(random, [1, -1]) : typeof old === "string" ? old + old : String(!old);
    case 9:
      return nested(pick(random, [3, 60, 200]), random);
    default: {
      const around = {};
      set({ holder: around, key: pick(random, TEXTS) }, old);
      return around;
    }
  }
}

function nested(depth: number, random: Generator): Value {
  let value: Value = 1;
  for (let i = 0; i < depth; i++) value = random.integer(2) ? [value] : { a: value };
  return value;
}

/** A value as a file of JSON. */
export function jsonBytes(value: Value): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value) ?? "null");
}
