import { clipNorm, type LanguageModel } from "@unroll/rnn";
import type { Facts, TrainingReport } from "@unroll/rnn/report";
import { characters, type Corpus } from "./corpus.ts";
import type { Options } from "./options.ts";

/** The clipping that the demo trains with. */
export const CLIP = clipNorm(5);

/** Characters of a sample. */
const SAMPLE = 400;

/** An empty report, which knows what is trained how. */
export async function startReport(model: LanguageModel, corpus: Corpus, options: Options): Promise<TrainingReport> {
  // What draws is loaded only where it is wanted.
  const { TrainingReport } = await import("@unroll/rnn/report");
  const { load, cell, hidden, layers, batch, unroll, learningRate, seed } = options;
  const net: Facts = load ? { "loaded from": load } : { cell, layers, "units in each layer": hidden };
  return new TrainingReport({
    title: `A language model of ${corpus.name}`,
    clip: CLIP,
    perplexity: true,
    configuration: {
      text: `${corpus.name}, ${characters(corpus.text).toLocaleString("en-US")} characters, 90 % to train on`,
      ...net,
      parameters: model.size,
      batch,
      unroll,
      optimizer: `Adam, learning rate ${learningRate}`,
      clipping: `norm ${CLIP.limit}`,
      seed,
    },
    environment: { system: `${Deno.build.os}, ${Deno.build.arch}` },
  });
}

/** Let the model write for the report. */
export async function addSample(report: TrainingReport, model: LanguageModel, options: Options): Promise<void> {
  const { prompt, temperature, seed } = options;
  let text = prompt;
  for await (const piece of model.generate({ prompt, length: SAMPLE, temperature, seed })) text += piece;
  report.sample(text);
}
