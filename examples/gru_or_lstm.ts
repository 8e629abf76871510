/**
 * GRU or LSTM? Both, and the plain cell, with as many parameters, on Moby Dick by characters: what they learn in the same time and
 * in the same steps, how fast they are, and the memory they take. The lecture notes' "GRU" beside "LSTM".
 *
 *     deno run -A examples/gru_or_lstm.ts
 *     deno run -A examples/gru_or_lstm.ts --seconds 60 --parameters 50000
 *
 * With 150,000 parameters each, after 700 steps of training: tanh RNN 2.870 bits per character, GRU 2.451, LSTM 2.573; held out
 * after 60 s each 2.694, 2.438, 2.377; memory to train 12.1, 12.2, 13.7 MB. EPYC Milan, two cores that two other programs shared,
 * 2026-11-27: the speeds that it printed (27, 20 and 34 thousand characters a second) say little.
 */
import { adam, type Cell, compile, crossEntropy, elman, gru, LanguageModel, lstm, Vocabulary } from "@unroll/rnn";
import { readCorpus } from "./frame/corpus.ts";
import { commandLine } from "./frame/command_line.ts";
import { progress } from "./frame/progress.ts";

const options = commandLine("Compares recurrent cells of equal numbers of parameters.", {
  seconds: 300, // of all three together
  parameters: 150_000,
  characters: 0, // of the text to use; 0 is all
  seed: 1,
});

const SIZE = { batch: 32, unroll: 50 };
/** The cells, their gates, and the rates that they learn most with in a minute. */
const CELLS: [name: string, cell: Cell, gates: number, learningRate: number][] = [
  ["tanh RNN", elman(), 1, 2e-3],
  ["GRU", gru(), 3, 5e-3],
  ["LSTM", lstm(), 4, 7e-3],
];
const { text, train, validation } = readCorpus(undefined, SIZE.batch, options.characters || undefined);
const vocabulary = Vocabulary.characters(text), V = vocabulary.size;

/** The units that come closest to the parameters: gates H (V + H + 2) of the cell, V (H + 1) of the decoder. */
function units(gates: number): number {
  const count = (H: number) => gates * H * (V + H + 2) + V * (H + 1);
  let H = 1;
  while (count(H + 1) <= options.parameters) H++;
  return H;
}

interface Trained {
  readonly name: string;
  readonly hidden: number;
  readonly parameters: number;
  readonly megabytes: number;
  readonly speed: number;
  /** Bits per character of the training, the mean of 50 steps up to each. */
  readonly bits: number[];
  readonly validation: number;
}

const results: Trained[] = [];
for (const [name, cell, gates, learningRate] of CELLS) {
  const hidden = units(gates), seconds = options.seconds / CELLS.length;
  using model = await LanguageModel.create(vocabulary, { cell, hidden: [hidden], seed: options.seed });
  const optimizer = adam({ learningRate }), bits: number[] = [], began = performance.now();
  const memory = { batch: SIZE.batch, steps: SIZE.unroll, loss: crossEntropy(), optimizer };
  const megabytes = await compile(model.net, memory).then((session) => {
    using closing = session;
    return closing.bytes / 1e6;
  });
  let sum = 0, tokens = 0;
  for await (const event of progress(model.fit(train, { ...SIZE, seconds, optimizer }), { label: name, seconds })) {
    sum += event.bitsPerToken;
    tokens = event.tokens;
    if (event.step % 50) continue;
    bits.push(sum / 50);
    sum = 0;
  }
  const speed = 1000 * tokens / (performance.now() - began), { bitsPerToken } = await model.evaluate(validation);
  results.push({ name, hidden, parameters: model.size, megabytes, speed, bits, validation: bitsPerToken });
}

/** After as many steps as the slowest has made. */
const steps = Math.min(...results.map(({ bits }) => bits.length));
const rows = [
  ["", ...results.map(({ name }) => name)],
  ["units", ...results.map(({ hidden }) => `${hidden}`)],
  ["parameters", ...results.map(({ parameters }) => parameters.toLocaleString("en-US"))],
  ["memory to train", ...results.map(({ megabytes }) => `${megabytes.toFixed(1)} MB`)],
  ["characters a second", ...results.map(({ speed }) => Math.round(speed).toLocaleString("en-US"))],
  [`bits/char at step ${steps * 50}`, ...results.map(({ bits }) => bits[steps - 1]?.toFixed(3) ?? "-")],
  ["held out, same time", ...results.map(({ validation }) => validation.toFixed(3))],
];
console.log(`\n${V} different characters, batch ${SIZE.batch}, ${SIZE.unroll} steps`);
for (const [head, ...cells] of rows) console.log(head.padEnd(24) + cells.map((cell) => cell.padStart(12)).join(""));
