/**
 * A language model of characters: Moby Dick, its last tenth held out. The lecture notes' "Character-level language model".
 *
 *     deno run -A examples/char_lm.ts
 *     deno run -A examples/char_lm.ts --seconds 60 --hidden 128 --prompt "The whale"
 *
 * After 2,684 steps, 300 s of one thread, 2.331 bits per character on what is held out, where a trigram (Kneser-Ney) has 2.830 and
 * a 6-gram 2.064 (EPYC Milan, two cores that three other programs shared, 2026-11-27).
 */
import { adam, LanguageModel, lstm } from "@unroll/rnn";
import { characters, readCorpus } from "./frame/corpus.ts";
import { commandLine } from "./frame/command_line.ts";
import { NGram } from "./frame/ngram.ts";
import { note, progress } from "./frame/progress.ts";

const options = commandLine("Trains a language model of characters on Moby Dick.", {
  seconds: 300,
  characters: 0, // of the text to use; 0 is all
  hidden: 128,
  threads: 2,
  prompt: "The whale",
  length: 400,
});

const BATCH = 32, UNROLL = 50, NATS_PER_BIT = Math.LN2;
const { text, train, validation } = readCorpus(undefined, BATCH, options.characters || undefined);
const sizes = { cell: lstm(), hidden: [options.hidden], seed: 1, threads: options.threads };
using model = await LanguageModel.create(text, sizes);
const { vocabulary } = model, V = vocabulary.size;
console.log(`${characters(train)} characters to train on, ${characters(validation)} held out, ${V} different`);
console.log(`an LSTM with ${model.size} parameters`);

for (const order of [3, 6]) {
  const counted = new NGram(order, V, [vocabulary.encode(train)]), ids = vocabulary.encode(validation);
  const bits = counted.nats(ids) / ids.length / NATS_PER_BIT;
  console.log(`${order === 3 ? "a trigram" : `a ${order}-gram`} (Kneser-Ney): ${bits.toFixed(3)} bits per character`);
}

/** The learning rate falls with the time that is left. */
const began = performance.now(), left = () => 1 - (performance.now() - began) / 1000 / options.seconds;
const schedule = { name: "time left", initial: {}, rate: (rate: number) => rate * Math.max(0.02, left()) };
const training = model.fit(train, {
  ...{ batch: BATCH, unroll: UNROLL, seconds: options.seconds, validation },
  optimizer: adam({ learningRate: 7e-3, schedule }),
});

async function write(length: number, seed: number): Promise<string> {
  let written = options.prompt;
  for await (const piece of model.generate({ prompt: options.prompt, length, temperature: 0.7, seed })) {
    written += piece;
  }
  return written;
}

for await (const event of progress(training, { label: "characters", seconds: options.seconds })) {
  if (event.type !== "evaluation") continue;
  const bits = event.bitsPerToken.toFixed(3);
  note(`epoch ${event.epoch}, ${bits} bits per character: ${(await write(60, event.step)).replaceAll("\n", " ")}`);
}

const { bitsPerCharacter } = await model.evaluate(validation);
console.log(`validation: ${bitsPerCharacter.toFixed(3)} bits per character\n\n${await write(options.length, 1)}`);
