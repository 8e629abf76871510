/**
 * Validation loss by epoch of the default recipe, for comparison with PyTorch. The text is tiny Shakespeare or any
 * other: the first 90 % for training, the last 10 % for validation. One-hot characters, 2 layers of 128, B = T = 50,
 * Adam 2e-3, clip norm 5.
 *
 *     deno run --allow-read bench/learning.ts tinyshakespeare.txt [--cell lstm] [--seeds 3] [--epochs 10]
 */
import { parseArgs } from "node:util";
import { elman, gru, LanguageModel, lstm } from "@unroll/rnn";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cell: { type: "string", default: "lstm" },
    seeds: { type: "string", default: "3" },
    epochs: { type: "string", default: "10" },
  },
});
const cell = { lstm, gru, rnn: elman }[values.cell];
if (!cell || positionals.length !== 1) {
  console.error("usage: deno run --allow-read bench/learning.ts TEXT [--cell lstm|gru|rnn] [--seeds N] [--epochs N]");
  Deno.exit(2);
}
const text = await Deno.readTextFile(positionals[0]);
const cut = Math.floor(text.length * 0.9);
const train = text.slice(0, cut), validation = text.slice(cut);
const epochs = Number(values.epochs), seeds = Number(values.seeds);

console.log(`nats per character by epoch; ${values.cell} 2 x 128`);
const sums = new Array<number>(epochs).fill(0);
for (let seed = 1; seed <= seeds; seed++) {
  using model = await LanguageModel.create(text, { cell: cell(), seed });
  const losses: number[] = [];
  for await (const { step, steps } of model.fit(train, { epochs })) {
    if (step % (steps / epochs) === 0) losses.push((await model.evaluate(validation, { streams: 10 })).loss);
  }
  losses.forEach((loss, i) => sums[i] += loss);
  console.log(`seed ${seed}  ${losses.map((loss) => loss.toFixed(3)).join("  ")}`);
}
console.log(`mean    ${sums.map((sum) => (sum / seeds).toFixed(3)).join("  ")}`);
