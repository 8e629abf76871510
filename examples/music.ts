/**
 * Folk tunes in ABC notation, of a metre and a key: the lecture notes' "one to many". The metre is the first token, the key a vector
 * that sets the first states.
 *
 *     deno run -A examples/music.ts --tunes FOLDER                      a folder of .abc files, or one, or a URL
 *     deno run -A examples/music.ts --tunes FOLDER --metre 6/8 --key G
 *
 * Of 833 tunes of the Nottingham Music Database that it learns from, of 8 metres and 12 keys, 99.4 % add up in all their bars, 99.96 %
 * of the bars; of 100 tunes that it writes, all of them new, 88 %, 94.8 % of the bars. After 1,463 steps, 240 s, on an EPYC Milan,
 * two cores that three other programs shared, 2026-11-27.
 */
import { adam, Generator, lstm } from "@unroll/rnn";
import { type ConditionedText, SequenceGenerator } from "@unroll/rnn/models";
import { stderr } from "node:process";
import { countBars, readTunes, type Tune } from "./frame/abc.ts";
import { commandLine } from "./frame/command_line.ts";
import { note, progress } from "./frame/progress.ts";

const options = commandLine("Learns to write folk tunes in ABC notation.", {
  tunes: "", // the Nottingham Music Database has a thousand
  seconds: 300,
  hidden: 192,
  count: 100, // tunes to write
  metre: "", // as in the tunes, unless given
  key: "",
  out: "tunes",
});

const LONGEST = 300;

async function texts(where: string): Promise<string[]> {
  if (/^https?:/.test(where)) return [await (await fetch(where)).text()];
  if (!(await Deno.stat(where)).isDirectory) return [await Deno.readTextFile(where)];
  const names = (await Array.fromAsync(Deno.readDir(where))).map(({ name }) => name).filter((name) =>
    /\.abc$/.test(name)
  );
  return await Promise.all(names.sort().map((name) => Deno.readTextFile(`${where}/${name}`)));
}

const found = options.tunes ? await texts(options.tunes).catch(() => undefined) : undefined;
let tunes: Tune[] = (found ?? []).flatMap(readTunes).filter(({ tokens }) => tokens.length <= LONGEST);
if (!tunes.length) {
  stderr.write(`error: give a file, a folder or a URL of tunes in ABC notation as --tunes, got "${options.tunes}"\n`);
  Deno.exit(2);
}
/** The most frequent value. */
const usual = <T>(values: T[]) =>
  [...Map.groupBy(values, (value) => value)].sort(([, a], [, b]) => b.length - a.length)[0][0];
const units = new Map(
  [...Map.groupBy(tunes, ({ metre }) => metre)].map(([metre, own]) => [metre, usual(own.map((t) => t.unit))]),
);
tunes = tunes.filter(({ metre, unit }) => unit === units.get(metre));
new Generator(1).shuffle(tunes);
const labels = [...units.keys()].sort(), keys = [...new Set(tunes.map(({ key }) => key))].sort();
const oneHot = (key: string) => keys.map((other) => other === key ? 1 : 0);
const samples = tunes.map(({ tokens, metre, key }): ConditionedText => ({
  text: tokens,
  label: metre,
  vector: oneHot(key),
}));
const held = Math.ceil(samples.length / 10), validation = samples.slice(0, held), train = samples.slice(held);

/** Tunes all of whose bars add up, and bars that do. */
function share(tunes: Pick<Tune, "metre" | "unit" | "tokens">[]): string {
  const counts = tunes.map(countBars), right = counts.filter(({ wrong }) => !wrong).length;
  const bars = counts.reduce((sum, { bars }) => sum + bars, 0),
    wrong = counts.reduce((sum, { wrong }) => sum + wrong, 0);
  return `${(100 * right / tunes.length).toFixed(1)} % of tunes, ${
    (100 * (1 - wrong / bars)).toFixed(2)
  } % of bars add up`;
}

console.log(`${tunes.length} tunes of ${labels.length} metres and ${keys.length} keys; ${share(tunes)}`);
const sizes = { cell: lstm(), hidden: [options.hidden], embedding: 32, dropout: 0.3, longest: LONGEST, seed: 1 };
using model = await SequenceGenerator.create(train, { tokens: "spaced", labels, vector: keys.length, ...sizes });

async function write(metre: string, key: string, seed: number): Promise<Tune> {
  let text = "";
  for await (const piece of model.generate({ label: metre, vector: oneHot(key), temperature: 0.7, seed })) {
    text += piece;
  }
  return { title: `Tune ${seed}`, metre, key, unit: units.get(metre)!, tokens: text.split(" ") };
}

/** As a tune of a file, four bars a line. */
function abc({ title, metre, key, unit, tokens }: Tune, number: number): string {
  const bars = tokens.join("").replace(/(?:[^|]*\|){4}/g, "$&\n").trim();
  return `X:${number}\nT:${title}\nM:${metre}\nL:1/${1 / unit}\nK:${key}\n${bars}\n`;
}

const { seconds } = options, optimizer = adam({ learningRate: 5e-3 });
const training = model.fit(train, { batch: 16, seconds, validation, patience: 10, optimizer });
for await (const event of progress(training, { label: "music", seconds })) {
  if (event.type !== "evaluation" || event.epoch % 5) continue;
  const some = await Promise.all(tunes.slice(0, 10).map(({ metre, key }, i) => write(metre, key, i)));
  note(`epoch ${event.epoch}, held out ${event.loss.toFixed(3)} nats a token; of ten tunes ${share(some)}`);
}

const written: Tune[] = [];
for (let i = 0; i < options.count; i++) {
  const { metre, key } = tunes[i % tunes.length];
  written.push(await write(options.metre || metre, options.key || key, i + 1));
}
const known = new Set(tunes.map(({ tokens }) => tokens.join(" ")));
const own = written.filter(({ tokens }) => !known.has(tokens.join(" "))).length;
console.log(`${written.length} tunes written, ${own} of them new: ${share(written)}`);
await Deno.mkdir(options.out, { recursive: true });
for (const [i, tune] of written.entries()) await Deno.writeTextFile(`${options.out}/${i + 1}.abc`, abc(tune, i + 1));
console.log(`in ${options.out}, the first of them:\n\n${abc(written[0], 1)}`);
