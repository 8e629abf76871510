import { clipNorm, type LanguageModel } from "@unroll/rnn";
import type { Facts, TrainingReport } from "@unroll/rnn/report";
import { characters, type Corpus } from "../frame/corpus.ts";
import { importLater } from "../frame/packages.ts";
import type { Options } from "./options.ts";
import { generate } from "./writing.ts";

/** The clipping of the demo's training. */
export const CLIP = clipNorm(5);

/** Characters of a sample. */
const SAMPLE = 400;

/** Creates a report that has the configuration and no events. */
export async function startReport(model: LanguageModel, corpus: Corpus, options: Options): Promise<TrainingReport> {
  const { TrainingReport } = await importLater<typeof import("@unroll/rnn/report")>("@unroll/rnn/report");
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

/** Adds a text that the model writes. */
export async function addSample(report: TrainingReport, model: LanguageModel, options: Options): Promise<void> {
  report.sample(options.prompt + await generate(model, options, SAMPLE));
}
