/**
 * A language model of words, trained on Moby Dick without its last tenth. The lecture notes' "Language model and
 * sequence generation", and their remark on characters: the sequences are longer, but no word is unknown.
 *
 *     deno run -A examples/word_lm.ts
 *     deno run -A examples/word_lm.ts --seconds 60 --hidden 128
 *
 * The validation text has 119,130 characters or 27,241 words and marks: sequences of words are 4.4 times shorter. 10.0
 * % of these words are unknown. Figures: perplexity, bits per character, and bits per character with the unknown words
 * spelled. Trigram (Kneser-Ney): 109.5, 1.549, 2.108. LSTM after 3,142 steps, 10 passes over the text in 600 s of two
 * threads: 91.1, 1.489, 2.047 (AMD EPYC, two cores shared with several other programs, 2026-12-01).
 */
import { adam, clipNorm, LanguageModel, lstm, Vocabulary } from "@unroll/rnn";
import { commandLine } from "./frame/command_line.ts";
import { characters, readCorpus } from "./frame/corpus.ts";
import { NGram } from "./frame/ngram.ts";
import { note, progress } from "./frame/progress.ts";

const { prompt, seconds, ...options } = commandLine("Trains a language model of words on Moby Dick.", {
  seconds: 600,
  characters: 0, // of the text to use; 0 is all
  hidden: 128,
  dropout: 0.3,
  prompt: "The whale",
  length: 80,
});

const batch = 20;
const unroll = 35;
const { text, train, validation } = await readCorpus(undefined, batch, options.characters || undefined);
const { hidden, dropout } = options;
/** The words that occur at least five times. The others are unknown and have to be spelled. */
const vocabulary = Vocabulary.words(train, { special: ["<unk>"], minimumCount: 5 });
const sizes = { cell: lstm(), hidden: [hidden], tied: true, dropout, seed: 1 };
using model = await LanguageModel.create(vocabulary, sizes);
const V = vocabulary.size;
const all = characters(validation);
const ids = vocabulary.encode(validation);
const shorter = (all / ids.length).toFixed(1);
console.log(`held out: ${all} characters or ${ids.length} words and marks (sequences ${shorter} times shorter)`);
console.log(`${V} different words and marks; an LSTM with ${model.size} parameters, embedding and decoder tied`);

/** Bits to spell the unknown words, by a trigram of characters, counted in the unknown words of the training text. */
const known = new Set(vocabulary.tokens);
const letters = Vocabulary.characters(text);
const end = letters.size;
const spelled = (words: string[]) =>
  words.filter((word) => !known.has(word)).map((word) => [...letters.encode(word), end]);
const spelling = new NGram(3, end + 1, spelled(vocabulary.split(train)), end);
const unknown = spelled(vocabulary.split(validation));
const spellingBits = unknown.reduce((sum, word) => sum + spelling.nats(word), 0) / Math.LN2;
const share = (100 * unknown.length / ids.length).toFixed(1);
console.log(
  `${share} % of the words held out are unknown: ${(spellingBits / all).toFixed(3)} bits per character to spell`,
);

/** Perplexity, and bits per character without and with the spelling of unknown words. */
function figures(nats: number): string {
  const bits = nats / Math.LN2 * ids.length;
  const withSpelling = ((bits + spellingBits) / all).toFixed(3);
  return `perplexity ${Math.exp(nats).toFixed(1)}, ${(bits / all).toFixed(3)} bits per character, ` +
    `${withSpelling} with the unknown words spelled`;
}

const ngram = new NGram(3, V, [vocabulary.encode(train)]);
console.log(`a trigram (Kneser-Ney): ${figures(ngram.nats(ids) / ids.length)}`);

/** The learning rate falls with the remaining time. */
const began = performance.now();
const left = () => 1 - (performance.now() - began) / 1000 / seconds;
const schedule = { name: "time left", initial: {}, rate: (rate: number) => rate * Math.max(0.02, left()) };
const optimizer = adam({ learningRate: 3e-3, schedule });

async function write(length: number, seed: number): Promise<string> {
  return prompt + (await Array.fromAsync(model.generate({ prompt, length, temperature: 0.8, seed }))).join("");
}

const fit = model.fit(train, { batch, unroll, seconds, validation, optimizer, clip: clipNorm(5) });
for await (const event of progress(fit, { label: "words", seconds })) {
  if (event.type !== "evaluation") continue;
  const perplexity = Math.exp(event.loss).toFixed(1);
  note(`epoch ${event.epoch}, perplexity ${perplexity}: ${(await write(14, event.step)).replaceAll("\n", " ")}`);
}

const { loss } = await model.evaluate(validation, { streams: 10 });
console.log(`validation: ${figures(loss)}\n\n${await write(options.length, 1)}`);
