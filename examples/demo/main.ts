/**
 * Trains a character-level language model on a text, then lets the model write: `deno task demo --help`.
 *
 * @module
 */
import { elman, gru, LanguageModel, lstm, NonFiniteError, OptionError, PlanError } from "@unroll/rnn";
import { FileError, saveFile } from "@unroll/rnn/files";
import { UsageError } from "../frame/command_line.ts";
import { characters, type Corpus, readCorpus, readFile } from "../frame/corpus.ts";
import { firstLine } from "../frame/packages.ts";
import { openProgress } from "../frame/progress_bar.ts";
import { exitWithError, INTERRUPTED, interruption, isTerminal, print } from "../frame/terminal.ts";
import { type Budget, HELP, type Options, parseOptions } from "./options.ts";
import { addSample, startReport } from "./report.ts";
import { train, type TrainingState } from "./training.ts";
import { write } from "./writing.ts";

const CELLS = { rnn: elman, gru, lstm };
/** Exit status. */
const OK = 0, FAILED = 1, BAD_USAGE = 2;
/** Characters to write after Ctrl-C. */
const SHORT = 200;

/** Runs the demo; returns the exit status. */
async function demo(args: string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === "help") {
    print(HELP);
    return OK;
  }
  const { budget, load, prompt, length } = options;
  const signal = interruption();
  announce(options);
  const corpus = budget && await readCorpus(options.corpus, options.batch);
  using model = load ? await loadModel(load) : await createModel(corpus!, options);
  requireKnown(model, "--prompt", prompt);
  if (corpus) {
    requireKnown(model, corpus.name, corpus.text);
    await learn(model, corpus, budget, options, signal);
  }
  if (signal.aborted) await write(model, options, Math.min(length, SHORT));
  else await write(model, options, length, signal);
  return signal.aborted ? INTERRUPTED : OK;
}

/** Says first what Deno fetches, if anything. */
function announce({ quiet, budget, corpus, report }: Options): void {
  if (quiet || !budget) return;
  const novel = corpus === undefined ? ["novel"] as const : [];
  const bar = isTerminal ? ["bar"] as const : [];
  const plots = report === undefined ? [] : ["plots"] as const;
  const parts = [...novel, ...bar, ...plots];
  const name = corpus ?? "Moby Dick";
  if (parts.length) print(firstLine(`A net learns to write by reading ${name}`, parts));
}

function createModel({ text }: Corpus, { cell, hidden, layers, seed }: Options): Promise<LanguageModel> {
  return LanguageModel.create(text, { cell: CELLS[cell](), hidden: Array(layers).fill(hidden), seed });
}

async function loadModel(path: string): Promise<LanguageModel> {
  const bytes = readFile(path);
  try {
    return await LanguageModel.load(bytes);
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message}`);
  }
}

/** Throws if a text has characters that the model does not know. */
function requireKnown({ vocabulary }: LanguageModel, what: string, text: string): void {
  const known = new Set(vocabulary.tokens);
  const unknown = [...new Set(text)].filter((character) => !known.has(character));
  if (unknown.length === 0 || known.has("<unk>")) return;
  const list = unknown.slice(0, 5).map((character) => JSON.stringify(character)).join(", ");
  const more = unknown.length > 5 ? " and more" : "";
  throw new UsageError(`${what} has characters that the model does not know: ${list}${more}`);
}

/** Trains, saves and validates the model. */
async function learn(
  model: LanguageModel,
  corpus: Corpus,
  budget: Budget,
  options: Options,
  signal: AbortSignal,
): Promise<void> {
  const { quiet, save } = options;
  const report = options.report ? await startReport(model, corpus, options) : undefined;
  const printLine = (line: string) => quiet || print(line + "\n");
  const progress = await openProgress({ quiet, hideCursor: true });
  printLine(introduction(model, corpus, budget, options));
  printLine(summary(await train(model, corpus.train, budget, options, progress, signal, report)));
  if (save) {
    saveFile(save, model.save());
    printLine(`saved: ${save}`);
  }
  if (!signal.aborted) {
    const work = model.evaluate(corpus.validation, { streams: 10, signal }).catch((error) => {
      if (!signal.aborted) throw error;
    });
    const length = count(characters(corpus.validation), "characters");
    const evaluation = await progress.wait(`validation on ${length}`, work);
    if (evaluation) print(`validation: ${evaluation.bitsPerToken.toFixed(3)} bits per character\n`);
    if (evaluation) report?.evaluation(evaluation);
  }
  if (report) {
    await addSample(report, model, options);
    saveFile(options.report!, new TextEncoder().encode(report.html()));
    printLine(`report: ${options.report}`);
  }
  printLine("");
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

function summary({ step, seconds, loss, bitsPerToken, tokens }: TrainingState): string {
  return `${count(step, "steps")} in ${seconds.toFixed(1)} s: loss ${loss.toFixed(3)}, ` +
    `${bitsPerToken.toFixed(3)} bits per character, ${count(Math.round(tokens / seconds), "characters")}/s`;
}

/** 1,200 steps, 1 step. */
function count(n: number, things: string): string {
  return `${n.toLocaleString("en-US")} ${n === 1 ? things.slice(0, -1) : things}`;
}

function statusOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof OptionError || error instanceof PlanError) return BAD_USAGE;
  if (error instanceof FileError || error instanceof NonFiniteError) return FAILED;
  throw error;
}

try {
  Deno.exit(await demo(Deno.args));
} catch (error) {
  exitWithError((error as Error).message, statusOf(error));
}
