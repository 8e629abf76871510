/** What models read of a prompt, and how its continuation goes on from it. */
import { assert, assertEquals } from "@std/assert";
import { LanguageModel, type Tokenizer, Vocabulary } from "../../mod.ts";
import { SequenceGenerator } from "../../models.ts";

const TEXT = "the sea, the whale and the ship sailed (far) ";

/** Pieces that begin with a space, as byte pairs do. */
const PIECES = ["the", " the", " sea", ",", " whale", " and", " ship", " sailed", " (", "far", ")", " "];
const pieces: Tokenizer = {
  size: PIECES.length,
  encode: (text) => [...text.matchAll(/ ?[a-z]+|[ (,)]/g)].map(([piece]) => Math.max(0, PIECES.indexOf(piece))),
  decode: (ids) => ids.map((id) => PIECES[id]).join(""),
};
const VOCABULARIES = {
  words: Vocabulary.words(TEXT),
  "words of version 0.1": Vocabulary.fromJSON({ kind: "words", tokens: PIECES }),
  spaced: Vocabulary.list(["the", "sea", "whale", "and", "ship", "sailed"]),
  tokenizer: Vocabulary.from(pieces),
};

for (const [name, vocabulary] of Object.entries(VOCABULARIES)) {
  Deno.test(`${name}: spaces at the end of a prompt change nothing but the space of the continuation`, async () => {
    using model = await LanguageModel.create(vocabulary, { hidden: [6], seed: 1 });
    using generator = await SequenceGenerator.create(vocabulary, { hidden: [6], seed: 1 });
    const write = (prompt: string, seed: number) => model.write({ prompt, seed, length: 4 });
    let withSpace = 0;
    for (let seed = 0; seed < 12; seed++) {
      const plain = await write("the sea", seed);
      if (plain.startsWith(" ")) withSpace++;
      for (const prompt of ["the sea ", "the sea   "]) assertEquals(await write(prompt, seed), plain.replace(/^ /, ""));
      const own = await generator.write({ prompt: "the sea", seed });
      assertEquals(await generator.write({ prompt: "the sea ", seed }), own.replace(/^ /, ""));
    }
    assert(withSpace > 0);
    const [best] = await model.beamSearch({ prompt: "the sea", length: 3 });
    const [same] = await model.beamSearch({ prompt: "the sea ", length: 3 });
    assertEquals(same, { ...best, text: best.text.replace(/^ /, "") });
  });
}

Deno.test("a space is a token of a model of characters: a prompt's last one is read and not written again", async () => {
  using model = await LanguageModel.create(TEXT.repeat(9), { hidden: [24], seed: 1 });
  await model.fit(TEXT.repeat(9), { batch: 2, unroll: 30, epochs: 60 });
  assertEquals(await model.write({ prompt: "the whale ", length: 3, temperature: 0 }), "and");
  assertEquals(await model.write({ prompt: "the whale", length: 4, temperature: 0 }), " and");
});
