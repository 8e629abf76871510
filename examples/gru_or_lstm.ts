/**
 * GRU or LSTM? Both, and the plain tanh RNN, with equal numbers of parameters, on the characters of Moby Dick: the loss
 * after the same time and after the same steps, the speed and the memory. The lecture notes' "GRU" beside "LSTM".
 *
 *     deno run -A examples/gru_or_lstm.ts
 *     deno run -A examples/gru_or_lstm.ts --seconds 60 --parameters 50000
 *
 * With 150,000 parameters each, in the order tanh RNN, GRU, LSTM: 2.870, 2.451, 2.573 bits per character after 700
 * steps of training; 2.694, 2.438, 2.377 held out after 60 s each; 12.1, 12.2, 13.7 MB of memory to train (EPYC Milan,
 * two cores shared with two other programs, 2026-11-27; under this load the printed speeds, 27, 20 and 34 thousand
 * characters a second, mean little).
 */
import {
  adam,
  type Cell,
  clipNorm,
  compile,
  crossEntropy,
  elman,
  gru,
  LanguageModel,
  lstm,
  Vocabulary,
} from "@unroll/rnn";
import { commandLine } from "./frame/command_line.ts";
import { readCorpus } from "./frame/corpus.ts";
import { progress } from "./frame/progress.ts";

const options = commandLine("Compares recurrent cells of equal numbers of parameters.", {
  seconds: 300, // of all three together
  parameters: 150_000,
  characters: 0, // of the text to use; 0 is all
  seed: 1,
});

const batch = 32;
const unroll = 50;
/** The cells, their gates, and the learning rates that reach the lowest loss in a minute. */
const CELLS: [name: string, cell: Cell, gates: number, learningRate: number][] = [
  ["tanh RNN", elman(), 1, 2e-3],
  ["GRU", gru(), 3, 5e-3],
  ["LSTM", lstm(), 4, 7e-3],
];
const { text, train, validation } = await readCorpus(undefined, batch, options.characters || undefined);
const vocabulary = Vocabulary.characters(text);
const V = vocabulary.size;

/** The largest H within the parameters: gates H (V + H + 2) of the cell plus V (H + 1) of the decoder. */
function units(gates: number): number {
  const count = (H: number) => gates * H * (V + H + 2) + V * (H + 1);
  let H = 1;
  while (count(H + 1) <= options.parameters) H++;
  return H;
}

interface Result {
  readonly name: string;
  readonly hidden: number;
  readonly parameters: number;
  readonly megabytes: number;
  /** Characters per second. */
  readonly speed: number;
  /** Training loss in bits per character, a mean for each 50 steps. */
  readonly bits: number[];
  readonly validation: number;
}

const results: Result[] = [];
for (const [name, cell, gates, learningRate] of CELLS) {
  const hidden = units(gates);
  const seconds = options.seconds / CELLS.length;
  using model = await LanguageModel.create(vocabulary, { cell, hidden: [hidden], seed: options.seed });
  const optimizer = adam({ learningRate });
  const session = await compile(model.net, { batch, steps: unroll, loss: crossEntropy(), optimizer });
  const megabytes = session.bytes / 1e6;
  session[Symbol.dispose]();
  const bits: number[] = [];
  const began = performance.now();
  let sum = 0;
  let tokens = 0;
  const fit = model.fit(train, { batch, unroll, seconds, optimizer, clip: clipNorm(5) });
  for await (const event of progress(fit, { label: name, seconds })) {
    sum += event.bitsPerToken;
    tokens = event.tokens;
    if (event.step % 50) continue;
    bits.push(sum / 50);
    sum = 0;
  }
  const speed = 1000 * tokens / (performance.now() - began);
  const { bitsPerToken } = await model.evaluate(validation, { streams: 10 });
  results.push({ name, hidden, parameters: model.size, megabytes, speed, bits, validation: bitsPerToken });
}

/** Compares after the steps of the slowest. */
const steps = Math.min(...results.map(({ bits }) => bits.length));
const row = (title: string, figure: (result: Result) => string) =>
  console.log(title.padEnd(24) + results.map((result) => figure(result).padStart(12)).join(""));
console.log(`\n${V} different characters, batch ${batch}, ${unroll} steps`);
row("", ({ name }) => name);
row("units", ({ hidden }) => `${hidden}`);
row("parameters", ({ parameters }) => parameters.toLocaleString("en-US"));
row("memory to train", ({ megabytes }) => `${megabytes.toFixed(1)} MB`);
row("characters a second", ({ speed }) => Math.round(speed).toLocaleString("en-US"));
row(`bits/char at step ${steps * 50}`, ({ bits }) => bits[steps - 1]?.toFixed(3) ?? "-");
row("held out, same time", ({ validation }) => validation.toFixed(3));
