import { assertEquals, assertThrows } from "@std/assert";
import { FormatError, OptionError } from "../../src/errors.ts";
import { Vocabulary, type VocabularyJSON } from "../../src/text/vocabulary.ts";

Deno.test("tokens are the distinct code points in their order", () => {
  // U+1F600 comes after U+FFFD as a code point, but before it in UTF-16.
  const vocabulary = Vocabulary.characters("b\u{1F600}a\uFFFDb");
  assertEquals(vocabulary.tokens, ["a", "b", "\uFFFD", "\u{1F600}"]);
  assertEquals(vocabulary.size, 4);
  assertEquals(Vocabulary.characters("\uFFFDa\u{1F600}b").tokens, vocabulary.tokens);
});

Deno.test("decode undoes encode", () => {
  const text = "Grüße, 🌍!\n";
  const vocabulary = Vocabulary.characters(text);
  const ids = vocabulary.encode(text);
  assertEquals(ids.length, [...text].length);
  assertEquals(ids.byteLength, ids.buffer.byteLength);
  assertEquals(vocabulary.decode(ids), text);
  assertEquals(vocabulary.encode(""), new Int32Array(0));
  assertEquals(vocabulary.decode([]), "");
});

Deno.test("an unknown character is named", () => {
  const vocabulary = Vocabulary.characters("ab");
  const error = assertThrows(() => vocabulary.encode("ab🌍"), OptionError);
  assertEquals(
    error.message,
    'Cannot encode: "text" must have only the 2 characters of the vocabulary, got "🌍" (U+1F30D) at index 2',
  );
  assertThrows(() => vocabulary.encode("🌍".slice(0, 1)), OptionError, '"\\ud83c" (U+D83C) at index 0');
  assertThrows(() => vocabulary.encode("\n"), OptionError, '"\\n" (U+000A)');
});

Deno.test("an unknown character becomes <unk> where there is one", () => {
  const vocabulary = Vocabulary.characters("ab", { unknown: true });
  assertEquals(vocabulary.tokens, ["<unk>", "a", "b"]);
  assertEquals(vocabulary.encode("b🌍a<"), Int32Array.of(2, 0, 1, 0));
  assertEquals(vocabulary.decode([2, 0, 1]), "b<unk>a");
});

Deno.test("an id outside the vocabulary is refused", () => {
  const vocabulary = Vocabulary.characters("ab");
  for (const id of [2, -1, 0.5, NaN]) {
    const error = assertThrows(() => vocabulary.decode([0, id]), OptionError);
    assertEquals(error.message, `Cannot decode: the id at index 1 must be an integer from 0 to 1, got ${id}`);
  }
});

Deno.test("a text without characters has no vocabulary", () => {
  assertThrows(() => Vocabulary.characters(""), OptionError, '"text" must not be empty');
});

Deno.test("a vocabulary goes through JSON", () => {
  for (const unknown of [false, true]) {
    const vocabulary = Vocabulary.characters("héllo 🌍", { unknown });
    const read = Vocabulary.fromJSON(JSON.parse(JSON.stringify(vocabulary)));
    assertEquals(read.tokens, vocabulary.tokens);
    assertEquals(read.encode("olé 🌍"), vocabulary.encode("olé 🌍"));
  }
  const given: VocabularyJSON = { kind: "characters", tokens: ["b", "<unk>", "a"] };
  const vocabulary = Vocabulary.fromJSON(given);
  assertEquals(vocabulary.encode("abc"), Int32Array.of(2, 0, 1));
  assertEquals(vocabulary.toJSON(), given);
});

Deno.test("what is no vocabulary is refused", () => {
  const bad: [unknown, string][] = [
    [null, '"kind" must be "characters", got undefined'],
    [{ kind: "words", tokens: ["a"] }, 'got "words"'],
    [{ kind: "characters" }, '"tokens" must be a list'],
    [{ kind: "characters", tokens: [] }, '"tokens" must be a list'],
    [{ kind: "characters", tokens: ["a", ""] }, 'token 1 must be one character, got ""'],
    [{ kind: "characters", tokens: ["ab"] }, 'token 0 must be one character, got "ab"'],
    [{ kind: "characters", tokens: [1] }, "token 0 must be one character, got 1"],
    [{ kind: "characters", tokens: ["a", "b", "a"] }, 'token 2 must not occur twice, got "a"'],
  ];
  for (const [json, message] of bad) {
    assertThrows(() => Vocabulary.fromJSON(json as VocabularyJSON), FormatError, message);
  }
});
