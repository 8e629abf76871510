import { assertEquals, assertThrows } from "@std/assert";
import { FormatError } from "../../src/errors.ts";
import { type JsonNode, parseJson } from "../../src/formats/json.ts";

const refuse = (offset: number, reason: string) => new FormatError(reason, offset);
const encode = (text: string) => new TextEncoder().encode(text);

function parse(text: string): JsonNode {
  const bytes = encode(text);
  return parseJson(bytes, 0, bytes.length, refuse);
}

/** A parsed node as `JSON.parse` would give it. */
function plain({ value }: JsonNode): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, node]) => [key, plain(node)]));
  return value;
}

Deno.test("valid JSON reads as with JSON.parse", () => {
  const texts = [
    "0",
    "-0",
    "-12.5e+3",
    '""',
    '"a\\n\\"\\\\\\/\\u00e9\\ud83c\\udf0dü🌍"',
    "null",
    "true",
    "false",
    "[]",
    "{}",
    " \t\r\n[ 1 , [ ] , { } ] ",
    '{"a":{"b":[1,2,{"c":null}]},"":false}',
    '"\uFEFF"',
  ];
  for (const text of texts) assertEquals(plain(parse(text)), JSON.parse(text), text);
});

Deno.test("each value has the range of its bytes", () => {
  const root = parse(' {"é": [ 10 ]} ');
  const list = (root.value as Map<string, JsonNode>).get("é")!;
  const [ten] = list.value as JsonNode[];
  assertEquals([root.start, root.end, list.start, list.end, ten.start, ten.end], [1, 15, 8, 14, 10, 12]);
});

Deno.test("keys keep their order, and no key is special", () => {
  const { value } = parse('{"10":0,"9":0,"__proto__":0}');
  assertEquals([...(value as Map<string, JsonNode>).keys()], ["10", "9", "__proto__"]);
});

Deno.test("only the range of bytes is read", () => {
  const bytes = encode("[1]2");
  assertEquals(parseJson(bytes, 1, 2, refuse), { start: 1, end: 2, value: 1 });
  assertThrows(() => parseJson(encode("true"), 0, 2, refuse), FormatError, "expected a JSON value");
  assertThrows(() => parseJson(bytes, 0, 2, refuse), FormatError, 'expected "," or "]", got the end');
});

Deno.test("invalid JSON is refused at the byte of its fault", () => {
  const bad: [string, number, string][] = [
    ["", 0, "expected a JSON value, got the end"],
    ["nul", 0, 'expected a JSON value, got "n"'],
    ["01", 0, 'expected a JSON value, got "0"'],
    ["1.", 0, "expected a JSON value"],
    ["+1", 0, "expected a JSON value"],
    ["NaN", 0, "expected a JSON value"],
    ["1 2", 2, 'expected the end, got "2"'],
    ["{}\0", 2, "expected the end, got byte 0x00"],
    ["[1,]", 3, 'expected a JSON value, got "]"'],
    ["[1 2]", 3, 'expected "," or "]", got "2"'],
    ['{"a"}', 4, 'expected ":", got "}"'],
    ['{"a":1,}', 7, 'expected a string, got "}"'],
    ['{"a":1 "b":2}', 7, 'expected "," or "}"'],
    ["{a:1}", 1, 'expected a string, got "a"'],
    ['{"a":1,"a":2}', 7, 'expected a new key, got "a" again'],
    ['{"a":1,"\\u0061":2}', 7, 'expected a new key, got "a" again'],
    ['"a', 0, "expected a closing quote, got the end"],
    ['"a\\"', 0, "expected a closing quote, got the end"],
    ['"\\x"', 0, "expected a valid string"],
    ['"\n"', 0, "expected a valid string"],
    ['"\\ud800"', 0, "expected a valid string"],
    ["[".repeat(100_000), 65, "expected at most 64 levels of nesting, got more"],
  ];
  for (const [text, offset, message] of bad) {
    const error = assertThrows(() => parse(text), FormatError, message, text.slice(0, 20));
    assertEquals(error.offset, offset, text.slice(0, 20));
  }
});

Deno.test("more values than any header has are refused, because a value is larger in memory than in the file", () => {
  assertEquals((parse(`[${"0,".repeat(1_999_998)}0]`).value as unknown[]).length, 1_999_999);
  const error = assertThrows(
    () => parse(`[${"0,".repeat(1_999_999)}0]`),
    FormatError,
    "at most 2000000 values, got more",
  );
  assertEquals(error.offset, 1 + 2 * 1_999_999);
});

Deno.test("long names and numbers read like short ones", () => {
  for (const length of [1, 97, 98, 99, 100, 101, 1000]) {
    const name = "n".repeat(length), digits = `0.${"1".repeat(length)}`;
    const { value } = parse(`{"${name}":${digits},"ü${name}":"\\n${name}"}`);
    const [[first, number], [second, text]] = value as Map<string, JsonNode>;
    assertEquals([first, number.value, second, text.value], [name, Number(digits), `ü${name}`, `\n${name}`]);
  }
  assertThrows(() => parse("1".repeat(1000) + "."), FormatError, "expected a JSON value");
});

Deno.test("invalid UTF-8 is refused", () => {
  const bytes = Uint8Array.of(0x5b, 0x22, 0xff, 0x22, 0x5d);
  const error = assertThrows(() => parseJson(bytes, 0, 5, refuse), FormatError, "expected UTF-8");
  assertEquals(error.offset, 1);
});
