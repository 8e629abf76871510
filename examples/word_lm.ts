/**
 * A language model of words: Moby Dick, its last tenth held out. The lecture notes' "Language model and sequence generation",
 * and their remark on characters: sequences of them are longer, but no word is unknown.
 *
 *     deno run -A examples/word_lm.ts
 *     deno run -A examples/word_lm.ts --seconds 60 --hidden 128
 *
 * Held out are 119,130 characters, which are 27,268 words and marks: sequences 4.4 times as short. A trigram (Kneser-Ney) has
 * perplexity 101.2, 1.525 bits per character, and 2.152 with the 11.2 % of unknown words spelled. After 2,512 steps, 8 passes over
 * the text in 600 s of one thread, the net has 97.6, 1.513 and 2.140 (EPYC Milan, two cores that three other programs shared,
 * 2026-11-27).
 */
import { adam, LanguageModel, lstm, Vocabulary } from "@unroll/rnn";
import { characters, readCorpus } from "./frame/corpus.ts";
import { commandLine } from "./frame/command_line.ts";
import { NGram } from "./frame/ngram.ts";
import { note, progress } from "./frame/progress.ts";

const options = commandLine("Trains a language model of words on Moby Dick.", {
  seconds: 600,
  characters: 0, // of the text to use; 0 is all
  hidden: 128,
  dropout: 0.3,
  threads: 2,
  prompt: "The whale",
  length: 80,
});

const BATCH = 20, UNROLL = 35;
const { text, train, validation } = readCorpus(undefined, BATCH, options.characters || undefined);
const { hidden, dropout, threads } = options;
const sizes = { cell: lstm(), hidden: [hidden], tied: true, dropout, seed: 1, threads };
/** Words that occur five times; the others are unknown, and have to be spelled. */
const vocabulary = Vocabulary.words(train, { special: ["<unk>"], minimumCount: 5 });
using model = await LanguageModel.create(vocabulary, sizes);
const V = vocabulary.size, all = characters(validation);
const ids = vocabulary.encode(validation), known = new Set(vocabulary.tokens);
console.log(
  `held out are ${all} characters, which are ${ids.length} words and marks: sequences ${
    (all / ids.length).toFixed(1)
  } times as short`,
);
console.log(`${V} different ones, an LSTM with ${model.size} parameters, embedding and decoder tied`);

/** What it costs, in bits, to spell the unknown words, by a trigram of characters of those that <unk> stood for in training. */
const letters = Vocabulary.characters(text), end = letters.size;
const spelled = (words: string[]) =>
  words.filter((word) => !known.has(word)).map((word) => [...letters.encode(word), end]);
const spelling = new NGram(3, end + 1, spelled(vocabulary.split(train)), end);
const unknown = spelled(vocabulary.split(validation));
const spellingBits = unknown.reduce((sum, word) => sum + spelling.nats(word), 0) / Math.LN2;
console.log(
  `${(100 * unknown.length / ids.length).toFixed(1)} % of the words held out are unknown: ${
    (spellingBits / all).toFixed(3)
  } bits per character to spell them`,
);

/** Bits per character without and with the spelling of unknown words. */
function figures(nats: number): string {
  const bits = nats / Math.LN2 * ids.length;
  return `perplexity ${Math.exp(nats).toFixed(1)}, ${(bits / all).toFixed(3)} bits per character, ${
    ((bits + spellingBits) / all).toFixed(3)
  } with the unknown words spelled`;
}

const counted = new NGram(3, V, [vocabulary.encode(train)]).nats(ids) / ids.length;
console.log(`a trigram (Kneser-Ney): ${figures(counted)}`);

/** The learning rate falls with the time that is left. */
const began = performance.now(), left = () => 1 - (performance.now() - began) / 1000 / options.seconds;
const schedule = { name: "time left", initial: {}, rate: (rate: number) => rate * Math.max(0.02, left()) };
const training = model.fit(train, {
  ...{ batch: BATCH, unroll: UNROLL, seconds: options.seconds, validation },
  optimizer: adam({ learningRate: 3e-3, schedule }),
});

async function write(length: number, seed: number): Promise<string> {
  let written = options.prompt;
  for await (const piece of model.generate({ prompt: options.prompt, length, temperature: 0.8, seed })) {
    written += piece;
  }
  return written;
}

for await (const event of progress(training, { label: "words", seconds: options.seconds })) {
  if (event.type !== "evaluation") continue;
  const perplexity = Math.exp(event.loss).toFixed(1);
  note(`epoch ${event.epoch}, perplexity ${perplexity}: ${(await write(14, event.step)).replaceAll("\n", " ")}`);
}

const { loss } = await model.evaluate(validation);
console.log(`validation: ${figures(loss)}\n\n${await write(options.length, 1)}`);
