import { assert } from "@std/assert";
import { adam, cosine, Generator, gru, Vocabulary } from "../../mod.ts";
import { type Pair, Seq2Seq } from "../../models.ts";

const PAIRS = 50_000, HELD_OUT = 5_000, BATCH = 32, EPOCHS = 5;

/**
 * Sums of numbers of up to three digits, all different, the question read backwards: 12+345 is 543+21, and its answer
 * 357.
 */
function sums(): Pair[] {
  const random = new Generator(1), pairs = new Map<string, Pair>();
  const number = () => random.integer(10 ** (1 + random.integer(3)));
  while (pairs.size < PAIRS) {
    const a = number(), b = number(), key = [a, b].sort((x, y) => x - y).join("+");
    if (!pairs.has(key)) pairs.set(key, [[...`${a}+${b}`].reverse().join(""), String(a + b)]);
  }
  // Of sums of small numbers there are few, which are found early: each part is to have its share of them.
  const all = [...pairs.values()];
  random.shuffle(all);
  return all;
}

/**
 * The known result of sequence-to-sequence learning of addition (Sutskever et al. 2014's reversal, on the sums of
 * Zaremba & Sutskever 2014, as Keras' example has them): 99 % of sums that were not seen, after seeing 45,000. Seed 1
 * reaches 99.58 % in 104 s of processor time, 4 minutes of two shared cores of an EPYC Milan, Deno 2.9.6, 2026-11-27.
 */
Deno.test("adds numbers of three digits, read backwards", async () => {
  const all = sums(), held = all.slice(0, HELD_OUT), pairs = all.slice(HELD_OUT);
  const digits = "0123456789", [source, target] = [`${digits}+`, digits].map((text) => Vocabulary.characters(text));
  const longest = { source: 7, target: 4 };
  using model = await Seq2Seq.create({ source, target, cell: gru(), hidden: 128, longest, seed: 1 });
  const schedule = cosine({ steps: EPOCHS * Math.ceil(pairs.length / BATCH) });
  const optimizer = adam({ learningRate: 2e-3, schedule });
  for await (const event of model.fit(pairs, { batch: BATCH, epochs: EPOCHS, optimizer })) assert(event.step > 0);
  const { wrong, errorRate } = await model.evaluate(held);
  console.log(
    `${(100 * (1 - wrong)).toFixed(2)} % of ${HELD_OUT} sums right, ${(100 * errorRate).toFixed(3)} % of digits wrong`,
  );
  assert(wrong <= 0.01, `${wrong} of the sums are wrong`);
});
