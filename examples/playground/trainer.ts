/** The worker that has the net: it makes, trains, saves and loads it, and lets it write. */
import { adam, LanguageModel, type Schedule, splitText } from "@unroll/rnn";
import { expose, transfer } from "comlink";
import type { CellName } from "./cells.ts";
import { CELLS } from "./factories.ts";
import { sentence } from "./sentence.ts";

/** What a net is made of. */
export interface NetOptions {
  readonly cell: CellName;
  readonly hidden: readonly number[];
  readonly threads: number;
}

/** What there is to know of a net. */
export interface NetFacts {
  /** Such as `lstm`. */
  readonly cell: string;
  readonly hidden: readonly number[];
  readonly parameters: number;
  /** Characters that it knows. */
  readonly characters: number;
}

/** How it is trained. */
export interface TrainOptions {
  readonly batch: number;
  readonly unroll: number;
  readonly learningRate: number;
}

/** What a training says. */
export type Heard =
  | {
    readonly type: "progress";
    /** The steps since the last time, the first of which is number `from`, and their losses in nats per character. */
    readonly from: number;
    readonly losses: readonly number[];
    readonly epoch: number;
    /** Seen so far. */
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

/** Milliseconds between two reports, samples, validations. */
const REPORT = 100, SAMPLE = 2000, VALIDATE = 4000;
/** Milliseconds before the first sample: the net knows next to nothing, which is worth seeing. */
const FIRST_SAMPLE = 300;
const SAMPLED = { length: 200, temperature: 0.7, seed: 1 };
/** Characters that are held out for validation, at most, and of a text so short that there is none. */
const VALIDATED = 20_000, UNVALIDATED = 5_000;

let model: LanguageModel | undefined;
let training: AbortController | undefined, writing: AbortController | undefined;
let steps = 0, characters = 0, learningRate = 0;
/** The last training, until it has ended. */
let running: Promise<void> = Promise.resolve();
/** Resolved when the training may go on. */
let gate = Promise.resolve(), open = () => {}, paused = false;

/** The learning rate of the page's control, as it stands at each update. */
const LIVE: Schedule = { name: "live", initial: {}, rate: () => learningRate };

const trainer = {
  /** A new net that knows the characters of a text. */
  async create(text: string, { cell, hidden, threads }: NetOptions): Promise<NetFacts> {
    return await replace(() => LanguageModel.create(text, { cell: CELLS[cell](), hidden, threads, seed: 1 }));
  },

  /** The net of a file. */
  async load(bytes: Uint8Array, threads: number): Promise<NetFacts> {
    return await replace(() => LanguageModel.load(bytes, { threads }));
  },

  /** The net as a file. */
  save(): Uint8Array {
    const bytes = net().save();
    return transfer(bytes, [bytes.buffer]);
  },

  /** Train until another training begins; what there is to say goes to `hear`. */
  async train(text: string, options: TrainOptions, hear: (heard: Heard) => void): Promise<void> {
    await endTraining();
    const { signal } = training = new AbortController();
    const own = explained(() => run(text, options, hear, signal));
    running = own.catch(() => {}); // who asked for it hears of what goes wrong
    await own;
  },

  /** Stop after the step that is being made; states and moments stay. */
  pause(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    open(); // if it was closed already
    gate = promise;
    paused = true;
    open = () => (paused = false, resolve());
  },

  /** Go on where `pause` stopped. */
  resume(): void {
    open();
  },

  setLearningRate(rate: number): void {
    learningRate = rate;
  },

  /** Write on from a prompt; each piece goes to `hear`. */
  async write({ prompt, ...options }: WriteOptions, hear: (piece: string) => void): Promise<void> {
    writing?.abort();
    const { signal } = writing = new AbortController();
    await explained(async () => {
      for await (const piece of net().generate({ prompt, ...options })) {
        if (signal.aborted) return;
        hear(piece);
        await pause(4); // at a speed that can be followed with the eye
      }
    });
  },

  stopWriting(): void {
    writing?.abort();
  },

  /** The states after each character of a text, `[T, H]` by name. */
  async states(text: string): Promise<Map<string, Float32Array>> {
    return await explained(async () => {
      const states = await net().states(text);
      return transfer(states, [...states.values()].map(({ buffer }) => buffer));
    });
  },
};

export type Trainer = typeof trainer;

async function run(
  text: string,
  { batch, unroll, learningRate: rate }: TrainOptions,
  hear: (heard: Heard) => void,
  signal: AbortSignal,
): Promise<void> {
  const { train, validation } = text.length < UNVALIDATED ? { train: text, validation: "" } : splitText(text, 0.9);
  const held = validation.slice(0, VALIDATED), speed = new Speed(), current = net();
  requireLength(train, batch);
  learningRate = rate;
  const optimizer = adam({ learningRate: rate, schedule: LIVE }), before = { steps, characters };
  let losses: number[] = [], reported = 0, now = performance.now();
  let sampled = now - SAMPLE + FIRST_SAMPLE, validated = now;
  // The signal is looked at here, as an abort is no error.
  for await (const event of current.fit(train, { batch, unroll, steps: Number.MAX_SAFE_INTEGER, optimizer })) {
    if (signal.aborted) return;
    speed.add(event.tokens, performance.now() - now);
    steps = before.steps + event.step;
    characters = before.characters + event.tokens;
    losses.push(event.loss);
    now = performance.now();
    if (paused || now - reported > REPORT) {
      const said = { epoch: event.epoch, characters, speed: speed.value, threads: current.threads };
      hear({ type: "progress", from: steps - losses.length + 1, losses, ...said });
      losses = [];
      reported = now;
    }
    if (now - sampled > SAMPLE) {
      let text = "";
      for await (const piece of current.generate(SAMPLED)) text += piece;
      hear({ type: "sample", step: steps, text });
      sampled = performance.now();
    }
    if (held && now - validated > VALIDATE) {
      hear({ type: "validation", step: steps, loss: (await current.evaluate(held)).loss });
      validated = performance.now();
    }
    await gate;
    if (signal.aborted) return;
    now = performance.now();
  }
}

/** Characters per second, over the last seconds of what was measured. */
class Speed {
  #points: { tokens: number; time: number }[] = [{ tokens: 0, time: 0 }];

  /** So many tokens in all; the last of them took so many milliseconds. */
  add(tokens: number, milliseconds: number): void {
    const points = this.#points, time = points.at(-1)!.time + milliseconds;
    points.push({ tokens, time });
    while (points.length > 2 && time - points[1].time > 2000) points.shift();
  }

  get value(): number {
    const points = this.#points, first = points[0], last = points.at(-1)!;
    return 1000 * (last.tokens - first.tokens) / (last.time - first.time);
  }
}

/** Have the training end, paused or not. */
async function endTraining(): Promise<void> {
  training?.abort();
  open();
  await running;
}

function net(): LanguageModel {
  if (model) return model;
  throw new Error("There is no net yet: train one, or load one.");
}

/** Put another net in the place of the one there is, which stays if that fails. */
async function replace(make: () => Promise<LanguageModel>): Promise<NetFacts> {
  const made = await explained(make);
  await endTraining();
  writing?.abort();
  model?.[Symbol.dispose]();
  model = made;
  steps = characters = 0;
  const { cell, hidden, size: parameters, vocabulary } = made;
  return { cell: cell.name, hidden, parameters, characters: vocabulary.size };
}

function requireLength(text: string, batch: number): void {
  const length = [...text].length;
  if (length > batch) return;
  throw new Error(
    `The text is too short: ${length} characters cannot be cut into ${batch} streams. Take a longer text or a smaller batch.`,
  );
}

/** What goes wrong, as a sentence for the page. */
async function explained<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw new Error(sentence(error));
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

expose(trainer);
