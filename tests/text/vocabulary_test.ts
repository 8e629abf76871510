import { assertEquals, assertThrows } from "@std/assert";
import { FormatError, OptionError } from "../../src/errors.ts";
import type { SpecialToken } from "../../src/text/tokens.ts";
import { Vocabulary } from "../../src/text/vocabulary.ts";
import type { VocabularyJSON, VocabularyOptions } from "../../src/text/vocabulary_tokens.ts";

Deno.test("tokens are the distinct code points in ascending order", () => {
  // U+1F600 comes after U+FFFD as a code point, but before it in UTF-16.
  const vocabulary = Vocabulary.characters("b\u{1F600}a\uFFFDb");
  assertEquals(vocabulary.tokens, ["a", "b", "\uFFFD", "\u{1F600}"]);
  assertEquals(vocabulary.size, 4);
  assertEquals(Vocabulary.characters("\uFFFDa\u{1F600}b").tokens, vocabulary.tokens);
});

Deno.test("decode inverts encode", () => {
  const text = "Grüße, 🌍!\n";
  const vocabulary = Vocabulary.characters(text);
  const ids = vocabulary.encode(text);
  assertEquals(ids.length, [...text].length);
  assertEquals(ids.byteLength, ids.buffer.byteLength);
  assertEquals(vocabulary.decode(ids), text);
  assertEquals(vocabulary.encode(""), new Int32Array(0));
  assertEquals(vocabulary.decode([]), "");
});

Deno.test("the error for an unknown character names it", () => {
  const vocabulary = Vocabulary.characters("ab");
  const error = assertThrows(() => vocabulary.encode("ab🌍"), OptionError);
  assertEquals(
    error.message,
    'Cannot encode: "text" must have only the 2 characters of the vocabulary, got "🌍" (U+1F30D) at index 2',
  );
  assertThrows(() => vocabulary.encode("🌍".slice(0, 1)), OptionError, '"\\ud83c" (U+D83C) at index 0');
  assertThrows(() => vocabulary.encode("\n"), OptionError, '"\\n" (U+000A)');
});

Deno.test("an unknown character becomes <unk> if the vocabulary has <unk>", () => {
  const vocabulary = Vocabulary.characters("ab", { special: ["<unk>"] });
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

Deno.test("a vocabulary can be written to JSON and read again", () => {
  for (const special of [[], ["<unk>"]] as SpecialToken[][]) {
    const vocabulary = Vocabulary.characters("héllo 🌍", { special });
    const read = Vocabulary.fromJSON(JSON.parse(JSON.stringify(vocabulary)));
    assertEquals(read.tokens, vocabulary.tokens);
    assertEquals(read.encode("olé 🌍"), vocabulary.encode("olé 🌍"));
  }
  const given: VocabularyJSON = { kind: "characters", tokens: ["b", "<unk>", "a"] };
  const vocabulary = Vocabulary.fromJSON(given);
  assertEquals(vocabulary.encode("abc"), Int32Array.of(2, 0, 1));
  assertEquals(vocabulary.toJSON(), given);
});

Deno.test("invalid descriptions of a vocabulary are refused", () => {
  const bad: [unknown, string][] = [
    [null, '"kind" must be one of "characters", "words2", "folded", "spaced", "words", "tokenizer", got undefined'],
    [{ kind: "syllables", tokens: ["a"] }, 'got "syllables"'],
    [{ kind: "words", tokens: ["a", ""] }, 'token 1 must be a text that is not empty, got ""'],
    [{ kind: "words2", tokens: ["a", " b"] }, 'token 1 must be one word, mark or white space, got " b"'],
    [{ kind: "folded", tokens: ["a", "B"] }, 'token 1 must be one word or mark in lower case, got "B"'],
    [{ kind: "spaced", tokens: ["a b"] }, 'token 0 must be a text without white space that is not empty, got "a b"'],
    [{ kind: "spaced", tokens: ["<unk>", "<unk>"] }, 'token 1 must not occur twice, got "<unk>"'],
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

/** Texts that are easy to tokenize wrongly. */
const TEXTS = [
  "Call me Ishmael.  Some years ago—never mind how long\n\n  precisely\t—\r\nhaving little 3.14 money ",
  " ",
  "   leading, trailing   ",
  "don't well-known U.S.A. <unk> <eos>",
  "e\u0301te\u0301 \u00e9t\u00e9 a\u0308\u0323",
  "\u{1F600}\u{1F468}\u200D\u{1F469}\u200D\u{1F467} \u{1F1E9}\u{1F1EA}\u{20000}",
  "\ud83d lone \udc00",
  "你好世界。吾輩は猫である。名前はまだ無い。",
  "สวัสดีชาวโลก שלום עולם привет, мир",
  "no\u00a0break\u3000wide\u2028line",
];

Deno.test("decode inverts encode for any white space and script, for characters and words, also after JSON", () => {
  for (const text of [...TEXTS, TEXTS.join("\n")]) {
    for (const made of [Vocabulary.characters(text), Vocabulary.words(text)]) {
      const vocabulary = Vocabulary.fromJSON(JSON.parse(JSON.stringify(made))), ids = made.encode(text);
      assertEquals(vocabulary.kind, made.kind);
      assertEquals(vocabulary.encode(text), ids);
      assertEquals(vocabulary.decode(ids), text);
      assertEquals(Array.from(ids, vocabulary.writer()).join(""), text);
      assertEquals(made.lengths(text).reduce((sum, n) => sum + n, 0), [...text].length);
    }
  }
});

Deno.test("rare tokens become <unk>, and special tokens come first", () => {
  const text = "the sea, the sea, the whale", special = ["<pad>", "<unk>"] as const;
  const vocabulary = Vocabulary.words(text, { minimumCount: 2, special });
  assertEquals(vocabulary.tokens, ["<pad>", "<unk>", " ", ",", "<join>", "sea", "the"]);
  assertEquals(vocabulary.encode("the whale, the sea"), Int32Array.of(6, 1, 3, 6, 5));
  assertEquals([vocabulary.id("<pad>"), vocabulary.id("the"), vocabulary.id("<bos>")], [0, 6, undefined]);
  assertEquals(Vocabulary.characters("aabcb", { minimumCount: 2, special: ["<unk>"] }).tokens, ["<unk>", "a", "b"]);
});

Deno.test("a text of spaced tokens may contain special tokens, and is decoded with single spaces", () => {
  const text = "no it was n't <unk> monday\n <eos> no";
  const vocabulary = Vocabulary.spaced(text, { special: ["<eos>"] });
  assertEquals(vocabulary.tokens, ["<eos>", "<unk>", "it", "monday", "n't", "no", "was"]);
  assertEquals(vocabulary.encode("no tuesday <eos>"), Int32Array.of(5, 1, 0));
  assertEquals(vocabulary.decode(vocabulary.encode(text)), "no it was n't <unk> monday <eos> no");
  assertEquals(vocabulary.lengths("no tuesday"), Int32Array.of(3, 8));
});

Deno.test("a listed vocabulary keeps its order, and encodes lists of tokens", () => {
  const vocabulary = Vocabulary.list(["<pad>", "<bos>", "<eos>", "K", "AE1", "T"]);
  assertEquals(vocabulary.encode("K AE1 T"), Int32Array.of(3, 4, 5));
  assertEquals(vocabulary.encode(["<bos>", "T", "<eos>"]), Int32Array.of(1, 5, 2));
  assertEquals(vocabulary.oneHot([3, 0]), Float32Array.of(0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0));
  assertThrows(() => vocabulary.oneHot([6]), OptionError, "Cannot make one-hot rows: the id at index 0");
  const error = assertThrows(() => vocabulary.encode("K AH0"), OptionError);
  assertEquals(
    error.message,
    'Cannot encode: "text" must have only the 6 tokens of the vocabulary, got "AH0" at token 1',
  );
  for (const [tokens, message] of [[[], "at least one"], [["a", "a"], "twice"], [["a\n"], "white space"]] as const) {
    assertThrows(() => Vocabulary.list(tokens), OptionError, message);
  }
});

Deno.test("the error for an unknown word has its index", () => {
  const error = assertThrows(() => Vocabulary.words("the sea").encode("the sea whale"), OptionError);
  assertEquals(
    error.message,
    'Cannot encode: "text" must have only the 4 tokens of the vocabulary, got "whale" at index 8',
  );
});

Deno.test("options out of range are refused", () => {
  const make = (options: unknown) => () => Vocabulary.words("the sea", options as VocabularyOptions);
  assertThrows(make({ minimumCount: 0 }), OptionError, '"minimumCount" must be an integer >= 1, got 0');
  assertThrows(make({ minimumCount: 2 }), OptionError, 'needs "<unk>"');
  assertThrows(make({ minimumCount: 2, special: ["<unk>"] }), OptionError, "no token (words) occurs at least 2 times");
  assertThrows(make({ special: ["<s>"] }), OptionError, '"special" must be one of "<unk>"');
  assertThrows(make({ special: ["<unk>", "<unk>"] }), OptionError, "twice");
  assertThrows(() => Vocabulary.spaced(" \n"), OptionError, "no token");
});
