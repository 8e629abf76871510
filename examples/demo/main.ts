/**
 * Train a character-level language model on a text, then let it write: `deno task demo --help`.
 *
 * @module
 */
import { elman, gru, LanguageModel, lstm, NonFiniteError, OptionError, PlanError } from "@unroll/rnn";
import { stderr } from "node:process";
import { characters, type Corpus, readCorpus, requireKnown } from "./corpus.ts";
import { Failure, UsageError } from "./errors.ts";
import { loadModel, requireWritable, saveModel, savePage } from "./files.ts";
import { HELP } from "./help.ts";
import { INTERRUPTED, interruption } from "./interruption.ts";
import { type Budget, type Options, parseOptions } from "./options.ts";
import { makeProgress } from "./progress.ts";
import { addSample, startReport } from "./report.ts";
import { print } from "./terminal.ts";
import { type Report, train } from "./training.ts";
import { write } from "./writing.ts";

const CELLS = { rnn: elman, gru, lstm };
const OK = 0, FAILED = 1, BAD_USAGE = 2;
/** Characters to write after Ctrl-C. */
const SHORT = 200;

/** Do what the command line asks for; the exit status. */
async function demo(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === "help") {
    print(HELP);
    return OK;
  }
  const { budget, load, save, prompt, length } = options;
  const signal = interruption();
  if (save) requireWritable(save);
  if (options.report) requireWritable(options.report);
  const corpus = budget && readCorpus(options.corpus, options.batch);
  using model = load ? await loadModel(load) : await createModel(corpus!, options);
  requireKnown(model.vocabulary, "--prompt", prompt);
  if (corpus) {
    requireKnown(model.vocabulary, corpus.name, corpus.text);
    await learn(model, corpus, budget, options, signal);
  }
  if (signal.aborted) await write(model, options, Math.min(length, SHORT));
  else await write(model, options, length, signal);
  return signal.aborted ? INTERRUPTED : OK;
}

function createModel({ text }: Corpus, { cell, hidden, layers, seed }: Options): Promise<LanguageModel> {
  return LanguageModel.create(text, { cell: CELLS[cell](), hidden: Array(layers).fill(hidden), seed });
}

/** Train, save, validate. */
async function learn(
  model: LanguageModel,
  corpus: Corpus,
  budget: Budget,
  options: Options,
  signal: AbortSignal,
): Promise<void> {
  const { quiet, save } = options;
  const page = options.report ? await startReport(model, corpus, options) : undefined;
  const say = (line: string) => quiet || print(line + "\n");
  const progress = makeProgress(quiet);
  say(introduction(model, corpus, budget, options));
  say(summary(await train(model, corpus.train, budget, options, progress, signal, page)));
  if (save) {
    saveModel(save, model);
    say(`saved: ${save}`);
  }
  if (!signal.aborted) {
    const work = model.evaluate(corpus.validation, { signal }).catch((error) => {
      if (!signal.aborted) throw error;
    });
    const length = count(characters(corpus.validation), "characters");
    const evaluation = await progress.wait(`validation on ${length}`, work);
    if (evaluation) print(`validation: ${evaluation.bitsPerToken.toFixed(3)} bits per character\n`);
    if (evaluation) page?.evaluation(evaluation);
  }
  if (page) {
    await addSample(page, model, options);
    savePage(options.report!, page.html());
    say(`report: ${options.report}`);
  }
  say("");
}

function introduction(model: LanguageModel, { name, text }: Corpus, budget: Budget, options: Options): string {
  const { load, cell, hidden, layers, batch, unroll, learningRate } = options;
  const net = load ?? `${cell}, ${count(layers, "layers")} of ${count(hidden, "units")}`;
  const [[unit, amount]] = Object.entries(budget);
  return `${name}: ${count(characters(text), "characters")}, ${new Set(text).size} different; 90 % to train on
${net}: ${count(model.size, "parameters")}
${count(amount, unit)} of training, batch ${batch}, unroll ${unroll}, learning rate ${learningRate}
`;
}

function summary({ step, seconds, loss, bitsPerToken, tokens }: Report): string {
  return `${count(step, "steps")} in ${seconds.toFixed(1)} s: loss ${loss.toFixed(3)}, ` +
    `${bitsPerToken.toFixed(3)} bits per character, ${count(Math.round(tokens / seconds), "characters")}/s`;
}

/** 1,200 steps, 1 step. */
function count(n: number, things: string): string {
  return `${n.toLocaleString("en-US")} ${n === 1 ? things.slice(0, -1) : things}`;
}

function status(error: unknown): number {
  if (error instanceof UsageError || error instanceof OptionError || error instanceof PlanError) return BAD_USAGE;
  if (error instanceof Failure || error instanceof NonFiniteError) return FAILED;
  throw error;
}

try {
  Deno.exit(await demo(Deno.args));
} catch (error) {
  const code = status(error);
  stderr.write(`error: ${(error as Error).message}\n`);
  Deno.exit(code);
}
