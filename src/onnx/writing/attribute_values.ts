import type { AttributeMessage } from "../schema.ts";

/** Attributes of a node by name: numbers are integers unless they are `real`; those that are undefined are not there. */
export type AttributeValues = Readonly<
  Record<string, number | string | readonly number[] | readonly string[] | Real | undefined>
>;

/** A floating point attribute, or a list of such. */
export interface Real {
  readonly real: number | readonly number[];
}

/** As they are in a file. */
export function attributeMessages(values: AttributeValues): AttributeMessage[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ ...EMPTY, name, ...typed(value) }]
  );
}

const EMPTY = { floats: [], ints: [], texts: [] };

function typed(value: NonNullable<AttributeValues[string]>): Partial<AttributeMessage> {
  const bytes = (text: string) => new TextEncoder().encode(text);
  if (typeof value === "number") return { type: 2, int: value };
  if (typeof value === "string") return { type: 3, text: bytes(value) };
  if ("real" in value) {
    return typeof value.real === "number" ? { type: 1, float: value.real } : { type: 6, floats: [...value.real] };
  }
  const texts = value.filter((element) => typeof element === "string");
  return texts.length ? { type: 8, texts: texts.map(bytes) } : { type: 7, ints: value as number[] };
}
