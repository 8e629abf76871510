/** Classifiers of texts read words. */
import { assertEquals } from "@std/assert";
import { adam, gru, Vocabulary } from "../../mod.ts";
import { SequenceClassifier } from "../../models.ts";

const GOOD = ["great", "lovely", "superb"], BAD = ["awful", "dull", "boring"];
const REVIEWS = ["film", "plot", "cast", "score"].flatMap((thing) => [
  ...GOOD.map((word) => [`The ${thing} was ${word}.`, "good"] as const),
  ...BAD.map((word) => [`The ${thing} was ${word}.`, "bad"] as const),
]);

Deno.test("a word that a classifier has learned in one place is known in every place", async () => {
  const tokens = Vocabulary.folded(REVIEWS.map(([text]) => text).join(" "), { special: ["<unk>"] });
  const net = { cell: gru(), hidden: 12, pooling: "max", seed: 1 } as const;
  using model = await SequenceClassifier.create({ tokens, labels: ["good", "bad"], ...net });
  await model.fit(REVIEWS, { epochs: 60, optimizer: adam({ learningRate: 0.02 }) });
  const places = ["W", "W.", "W film", "W\nfilm", "\nW", "the W", "the  film\twas W", "the film.W"];
  for (const [words, label] of [[GOOD, "good"], [BAD, "bad"]] as const) {
    const forms = words.flatMap((word) => [word, word.toUpperCase(), word[0].toUpperCase() + word.slice(1)]);
    const texts = forms.flatMap((word) => places.map((place) => place.replace("W", word)));
    const predicted = await model.predict(texts);
    assertEquals(predicted.map((one, i) => [texts[i], one.label]), texts.map((text) => [text, label]));
  }
});
