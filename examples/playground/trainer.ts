/** The worker that has the net: makes, trains, saves and loads the net, and generates text. */
import { adam, elman, gru, LanguageModel, lstm, type Schedule, splitText } from "@unroll/rnn";
import { expose, transfer } from "comlink";
import type { CellName } from "./cells.ts";
import { parseCell } from "./equations.ts";
import { withErrorMessage } from "./error_message.ts";

export interface NetOptions {
  readonly cell: CellName | "equations";
  /** The equations of a cell of one's own. */
  readonly equations: string;
  /** Units of each layer. */
  readonly hidden: readonly number[];
  readonly threads: number;
}

/** A net as the page describes it. */
export interface NetFacts {
  /** Name of the cell, such as `lstm`. */
  readonly cell: string;
  /** Units of each layer. */
  readonly hidden: readonly number[];
  readonly parameters: number;
  /** Size of the vocabulary. */
  readonly characters: number;
}

export interface TrainOptions {
  readonly batch: number;
  readonly unroll: number;
  readonly learningRate: number;
}

/** A message of a training to the page. */
export type TrainingMessage =
  | {
    readonly type: "progress";
    /** Number of the first step since the last message. */
    readonly from: number;
    /** Losses of the steps since the last message, in nats per character. */
    readonly losses: readonly number[];
    readonly epoch: number;
    /** Characters read so far. */
    readonly characters: number;
    /** Characters per second of training, over the last seconds. */
    readonly speed: number;
    readonly threads: number;
  }
  | { readonly type: "validation"; readonly step: number; readonly loss: number }
  | { readonly type: "sample"; readonly step: number; readonly text: string };

export interface WriteOptions {
  readonly prompt: string;
  readonly temperature: number;
  readonly length: number;
  readonly seed: number;
}

const CELLS = { elman, gru, lstm };

/** Milliseconds between two messages of a type. */
const PROGRESS_INTERVAL = 100;
const SAMPLE_INTERVAL = 2000;
const VALIDATION_INTERVAL = 4000;
/** Milliseconds before the first sample: a reader should see that the net knows almost nothing. */
const FIRST_SAMPLE = 300;
const SAMPLE = { length: 200, temperature: 0.7, seed: 1 };
/** Characters of the validation text, at most. */
const VALIDATION_LENGTH = 20_000;
/** Characters below which a text has no validation part. */
const VALIDATION_MINIMUM = 5_000;

let model: LanguageModel | undefined;
let training: AbortController | undefined;
let writing: AbortController | undefined;
let steps = 0;
let characters = 0;
let learningRate = 0;
/** Resolves when the last training has ended. */
let running: Promise<void> = Promise.resolve();
/** Resolves when a paused training may continue. */
let resumed = Promise.resolve();
let resume = () => {};
let paused = false;

/** The learning rate of the page's control at each update. */
const LIVE: Schedule = { name: "live", initial: {}, rate: () => learningRate };

const trainer = {
  /** Makes a net for the characters of a text. */
  async create(text: string, { cell, equations, hidden, threads }: NetOptions): Promise<NetFacts> {
    const make = () => cell === "equations" ? parseCell(equations) : CELLS[cell]();
    return await replaceNet(() => LanguageModel.create(text, { cell: make(), hidden, threads, seed: 1 }));
  },

  /** Loads a net from a file. */
  async load(bytes: Uint8Array, threads: number): Promise<NetFacts> {
    return await replaceNet(() => LanguageModel.load(bytes, { threads }));
  },

  /** The net as a file. */
  save(): Uint8Array {
    const bytes = net().save();
    return transfer(bytes, [bytes.buffer]);
  },

  /** Trains until another training begins. */
  async train(text: string, options: TrainOptions, onMessage: (message: TrainingMessage) => void): Promise<void> {
    await endTraining();
    const { signal } = training = new AbortController();
    const ended = withErrorMessage(() => runTraining(text, options, onMessage, signal));
    running = ended.catch(() => {}); // the caller gets the error
    await ended;
  },

  /** Pauses after the current step. The states and the optimizer's moments stay. */
  pause(): void {
    resume(); // ends an earlier pause
    const { promise, resolve } = Promise.withResolvers<void>();
    resumed = promise;
    paused = true;
    resume = () => {
      paused = false;
      resolve();
    };
  },

  /** Continues after `pause`. */
  resume(): void {
    resume();
  },

  setLearningRate(rate: number): void {
    learningRate = rate;
  },

  /** Continues a prompt. `onPiece` gets each piece of the text. */
  async write({ prompt, ...options }: WriteOptions, onPiece: (piece: string) => void): Promise<void> {
    writing?.abort();
    const { signal } = writing = new AbortController();
    await withErrorMessage(async () => {
      for await (const piece of net().generate({ prompt, ...options })) {
        if (signal.aborted) return;
        onPiece(piece);
        await new Promise((resolve) => setTimeout(resolve, 4)); // a speed that the eye can follow
      }
    });
  },

  stopWriting(): void {
    writing?.abort();
  },

  /** The states after each character of a text, `[T, H]` by name. */
  async states(text: string): Promise<Map<string, Float32Array>> {
    return await withErrorMessage(async () => {
      const states = await net().states(text);
      return transfer(states, [...states.values()].map(({ buffer }) => buffer));
    });
  },
};

export type Trainer = typeof trainer;

async function runTraining(
  text: string,
  { batch, unroll, learningRate: rate }: TrainOptions,
  onMessage: (message: TrainingMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  const isShort = text.length < VALIDATION_MINIMUM;
  const { train, validation } = isShort ? { train: text, validation: "" } : splitText(text, 0.9);
  const heldOut = validation.slice(0, VALIDATION_LENGTH);
  const speed = new Speed();
  const current = net();
  requireLength(train, batch);
  learningRate = rate;
  const optimizer = adam({ learningRate: rate, schedule: LIVE });
  const before = { steps, characters };
  let losses: number[] = [];
  let now = performance.now();
  let reported = 0;
  let sampled = now - SAMPLE_INTERVAL + FIRST_SAMPLE;
  let validated = now;
  // `fit` does not get the signal, because it would throw.
  for await (const event of current.fit(train, { batch, unroll, steps: Number.MAX_SAFE_INTEGER, optimizer })) {
    if (signal.aborted) return;
    speed.add(event.tokens, performance.now() - now);
    steps = before.steps + event.step;
    characters = before.characters + event.tokens;
    losses.push(event.loss);
    now = performance.now();
    if (paused || now - reported > PROGRESS_INTERVAL) {
      const from = steps - losses.length + 1;
      const { threads } = current;
      onMessage({ type: "progress", from, losses, epoch: event.epoch, characters, speed: speed.value, threads });
      losses = [];
      reported = now;
    }
    if (now - sampled > SAMPLE_INTERVAL) {
      const text = (await Array.fromAsync(current.generate(SAMPLE))).join("");
      onMessage({ type: "sample", step: steps, text });
      sampled = performance.now();
    }
    if (heldOut && now - validated > VALIDATION_INTERVAL) {
      onMessage({ type: "validation", step: steps, loss: (await current.evaluate(heldOut, { streams: 10 })).loss });
      validated = performance.now();
    }
    await resumed;
    if (signal.aborted) return;
    now = performance.now();
  }
}

/** Characters per second, over the last two seconds of training. */
class Speed {
  #points: { tokens: number; time: number }[] = [{ tokens: 0, time: 0 }];

  /** Adds a step of `milliseconds`, after which there are `tokens` in all. */
  add(tokens: number, milliseconds: number): void {
    const points = this.#points;
    const time = points.at(-1)!.time + milliseconds;
    points.push({ tokens, time });
    while (points.length > 2 && time - points[1].time > 2000) points.shift();
  }

  get value(): number {
    const first = this.#points[0];
    const last = this.#points.at(-1)!;
    return 1000 * (last.tokens - first.tokens) / (last.time - first.time);
  }
}

/** Ends the training, also a paused one. */
async function endTraining(): Promise<void> {
  training?.abort();
  resume();
  await running;
}

function net(): LanguageModel {
  if (model) return model;
  throw new Error("There is no net yet: train one, or load one.");
}

/** Replaces the net. If `make` fails, the old net stays. */
async function replaceNet(make: () => Promise<LanguageModel>): Promise<NetFacts> {
  const made = await withErrorMessage(make);
  await endTraining();
  writing?.abort();
  model?.dispose();
  model = made;
  steps = characters = 0;
  const { cell, hidden, size: parameters, vocabulary } = made;
  return { cell: cell.name, hidden, parameters, characters: vocabulary.size };
}

function requireLength(text: string, batch: number): void {
  const { length } = [...text];
  if (length > batch) return;
  const advice = "Take a longer text or a smaller batch.";
  throw new Error(`The text is too short: ${length} characters cannot be cut into ${batch} streams. ${advice}`);
}

expose(trainer);
