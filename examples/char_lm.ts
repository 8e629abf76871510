/**
 * A language model of characters, trained on Moby Dick without its last tenth. The lecture notes' "Character-level
 * language model".
 *
 *     deno run -A examples/char_lm.ts
 *     deno run -A examples/char_lm.ts --seconds 60 --hidden 128 --prompt "The whale"
 *
 * Validation after 2,684 steps, 300 s of one thread: 2.331 bits per character. Baselines (Kneser-Ney): trigram 2.830,
 * 6-gram 2.064 (EPYC Milan, two cores shared with three other programs, 2026-11-27).
 */
import { adam, clipNorm, LanguageModel, lstm } from "@unroll/rnn";
import { commandLine } from "./frame/command_line.ts";
import { characters, readCorpus } from "./frame/corpus.ts";
import { NGram } from "./frame/ngram.ts";
import { note, progress } from "./frame/progress.ts";

const { prompt, seconds, ...options } = commandLine("Trains a language model of characters on Moby Dick.", {
  seconds: 300,
  characters: 0, // of the text to use; 0 is all
  hidden: 128,
  prompt: "The whale",
  length: 400,
});

const batch = 32;
const unroll = 50;
const { text, train, validation } = await readCorpus(undefined, batch, options.characters || undefined);
const sizes = { cell: lstm(), hidden: [options.hidden], seed: 1 };
using model = await LanguageModel.create(text, sizes);
const { vocabulary } = model;
const V = vocabulary.size;
console.log(`${characters(train)} characters to train on, ${characters(validation)} held out, ${V} different`);
console.log(`an LSTM with ${model.size} parameters`);

const ids = vocabulary.encode(validation);
for (const order of [3, 6]) {
  const ngram = new NGram(order, V, [vocabulary.encode(train)]);
  const bits = ngram.nats(ids) / ids.length / Math.LN2;
  console.log(`${order === 3 ? "a trigram" : `a ${order}-gram`} (Kneser-Ney): ${bits.toFixed(3)} bits per character`);
}

/** The learning rate falls with the remaining time. */
const began = performance.now();
const left = () => 1 - (performance.now() - began) / 1000 / seconds;
const schedule = { name: "time left", initial: {}, rate: (rate: number) => rate * Math.max(0.02, left()) };
const optimizer = adam({ learningRate: 7e-3, schedule });

async function write(length: number, seed: number): Promise<string> {
  return prompt + (await Array.fromAsync(model.generate({ prompt, length, temperature: 0.7, seed }))).join("");
}

const fit = model.fit(train, { batch, unroll, seconds, validation, optimizer, clip: clipNorm(5) });
for await (const event of progress(fit, { label: "characters", seconds })) {
  if (event.type !== "evaluation") continue;
  const bits = event.bitsPerToken.toFixed(3);
  note(`epoch ${event.epoch}, ${bits} bits per character: ${(await write(60, event.step)).replaceAll("\n", " ")}`);
}

const { bitsPerCharacter } = await model.evaluate(validation, { streams: 10 });
console.log(`validation: ${bitsPerCharacter.toFixed(3)} bits per character\n\n${await write(options.length, 1)}`);
