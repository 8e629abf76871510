/**
 * One program for all engines: it trains, saves, loads and runs. Each part gives a text: a hash of all bits of what it
 * has computed, in the exact build, which is the same everywhere. The program imports nothing but the library.
 */
import { ctc } from "../../losses.ts";
import {
  adamw,
  binaryCrossEntropy,
  type Cell,
  clipNorm,
  compile,
  type CompileOptions,
  crossEntropy,
  type Data,
  dense,
  dropout,
  elman,
  embedding,
  Generator,
  gru,
  LanguageModel,
  type Layer,
  type Loss,
  lstm,
  readSafetensors,
  recurrent,
  sequential,
  type Session,
  squaredError,
  Vocabulary,
  writeSafetensors,
} from "../../mod.ts";
import { huber } from "../../losses.ts";
import { notesGru, notesLstm } from "../../cells.ts";
import { attentionPool, layerNorm } from "../../layers.ts";
import { load } from "../../inference.ts";
import { int8, type Int8Build, quantize } from "../../int8.ts";
import { SequenceClassifier } from "../../models.ts";

/** Modules that the host has compiled, where it forbids the library to. */
export interface Modules {
  readonly exact: WebAssembly.Module;
  readonly fast: WebAssembly.Module;
  readonly int8: WebAssembly.Module;
}

/** Which kernels compute, with how many threads. */
type Kernels = Pick<CompileOptions, "numerics" | "kernels" | "threads">;

/** The part of the fast build, which has one of two results: with fused multiply-adds or without. */
export const FAST = "fast";

/** The part with the number of threads that compute when two are asked for. */
export const THREADS = "threads";

const T = 6, B = 4, V = 11, STEPS = 10;

const CELLS: Record<string, () => Cell> = {
  elman: () => elman(),
  "elman with relu": () => elman({ activation: "relu" }),
  gru: () => gru(),
  "gru, reset before": () => gru({ reset: "before" }),
  lstm: () => lstm(),
  "lstm with peepholes": () => lstm({ peepholes: true }),
  "lstm with a projection": () => lstm({ projection: 5 }),
  "gru of the notes": () => notesGru(),
  "lstm of the notes": () => notesLstm(),
};

const LOSSES: Record<string, () => Loss> = {
  "squared error": () => squaredError(),
  huber: () => huber(),
  "binary cross-entropy": () => binaryCrossEntropy(),
};

/** What each part gives, or its error. */
export async function results(modules?: Modules): Promise<Record<string, string>> {
  const exact: Kernels = { numerics: "exact", kernels: modules?.exact };
  const parts: Record<string, () => Promise<string>> = {};
  for (const [name, cell] of Object.entries(CELLS)) parts[name] = () => trainCell(cell(), exact);
  for (const [name, loss] of Object.entries(LOSSES)) parts[name] = () => trainValues(loss(), exact);
  parts["ctc"] = () => trainCtc(exact);
  parts["lengths, dropout, both directions"] = () => trainDeep(exact);
  parts["a saved net"] = () => saveAndLoad(exact);
  parts["a stream"] = () => stream(exact);
  parts["a language model"] = () => language(exact);
  parts["a classifier"] = () => classifier(exact);
  parts["int8 weights"] = () => quantized(exact, modules?.int8);
  parts["using"] = () => disposed(exact);
  parts["not a number"] = () => notANumber(exact);
  parts[FAST] = () => trainDeep({ kernels: modules?.fast });
  if (!modules) {
    parts["two threads"] = () => trainDeep({ ...exact, threads: 2 });
    parts[THREADS] = () => threads(exact);
  }
  const found: Record<string, string> = {};
  for (const [name, part] of Object.entries(parts)) found[name] = await part().catch(String);
  return found;
}

async function trainCell(cell: Cell, kernels: Kernels): Promise<string> {
  const rnn = recurrent(cell, { input: 5, hidden: 7 });
  const net = sequential({ embedding: embedding(V, 5), rnn, decoder: dense(rnn.output.width, V) });
  return await train(
    net,
    crossEntropy(),
    kernels,
    (random) => ({ x: tokens(random, T * B), y: tokens(random, T * B) }),
  );
}

async function trainValues(loss: Loss, kernels: Kernels): Promise<string> {
  const net = sequential({ rnn: recurrent(gru(), { input: 3, hidden: 6 }), decoder: dense(6, 2) });
  return await train(net, loss, kernels, (random) => ({
    x: Float32Array.from({ length: T * B * 3 }, () => random.uniform() - 0.5),
    y: Float32Array.from({ length: T * B * 2 }, () => random.integer(2)),
  }));
}

async function trainCtc(kernels: Kernels): Promise<string> {
  const net = sequential({ rnn: recurrent(lstm(), { input: 3, hidden: 6 }), decoder: dense(6, 4) });
  return await train(net, ctc({ labels: 2 }), kernels, (random) => ({
    x: Float32Array.from({ length: T * B * 3 }, () => random.uniform() - 0.5),
    y: Int32Array.from({ length: B * 2 }, () => 1 + random.integer(3)),
  }));
}

function deepNet(): Layer {
  return sequential({
    embedding: embedding(V, 7),
    dropout: dropout(7, 0.2),
    lstm: recurrent(lstm(), { input: 7, hidden: 13, bidirectional: true, recurrentDropout: 0.1 }),
    norm: layerNorm(26),
    gru: recurrent(gru(), { input: 26, hidden: 9, layers: 2, dropout: 0.1 }),
    decoder: dense(9, V),
  });
}

async function trainDeep(kernels: Kernels): Promise<string> {
  return await train(
    deepNet(),
    crossEntropy({ labelSmoothing: 0.1 }),
    kernels,
    (random) => ({ x: tokens(random, T * B), y: tokens(random, T * B) }),
    (random) => ({ lengths: Array.from({ length: B }, () => 1 + random.integer(T)) }),
  );
}

/** The loss and the hash of parameters and moments after some steps. */
async function train(
  net: Layer,
  loss: Loss,
  kernels: Kernels,
  data: (random: Generator) => Data,
  options: (random: Generator) => { lengths?: number[] } = () => ({}),
): Promise<string> {
  const session = await compile(net, { ...training(loss), ...kernels });
  let last = 0;
  for (let step = 0; step < STEPS; step++) {
    const random = new Generator(step);
    last = session.step(data(random), options(random)).loss;
  }
  const hash = hashOf(session.checkpoint());
  session.dispose();
  return `${hash} ${last}`;
}

function training(loss: Loss) {
  return { batch: B, steps: T, loss, optimizer: adamw({ learningRate: 0.01 }), clip: clipNorm(1), seed: 3 };
}

async function saveAndLoad(kernels: Kernels): Promise<string> {
  const net = deepNet(), session = await compile(net, { batch: B, steps: T, seed: 5, ...kernels });
  const file = writeSafetensors(session.parameters()), x = tokens(new Generator(1), T * B);
  const loaded = await load(net, readSafetensors(file).tensors, { batch: B, steps: T, ...kernels });
  const both = [file, session.forward(x), loaded.forward(x)].map(hashOf);
  session.dispose();
  loaded.dispose();
  return both.join(" ");
}

async function stream(kernels: Kernels): Promise<string> {
  const net = sequential({ rnn: recurrent(lstm(), { input: 2, hidden: 9 }), decoder: dense(9, 3) });
  const session = await compile(net, { batch: 1, steps: 20, seed: 4, ...kernels });
  const x = Float32Array.from({ length: 40 }, (_, i) => (i % 7) / 7 - 0.4), running = session.stream();
  const pieces = Float32Array.from({ length: 20 }, (_, t) => running.step(x.subarray(2 * t, 2 * t + 2))[0]);
  const whole = session.forward(x).filter((_, i) => i % 3 === 0);
  session.dispose();
  return `${hashOf(pieces)} ${hashOf(whole)}`;
}

async function language(kernels: Kernels): Promise<string> {
  const text = "she sells sea shells by the sea shore. ".repeat(12);
  const model = await LanguageModel.create(text, { cell: lstm(), hidden: [16], seed: 1, ...kernels });
  let events = 0;
  for await (const _ of model.fit(text, { batch: 4, unroll: 12, epochs: 3 })) events++;
  let written = "";
  for await (const piece of model.generate({ prompt: "she", length: 30, temperature: 0.7, seed: 7 })) written += piece;
  const { bitsPerToken } = await model.evaluate(text), file = model.save();
  model.dispose();
  const loaded = await LanguageModel.load(file, kernels);
  let again = "";
  for await (const piece of loaded.generate({ prompt: "she", length: 30, temperature: 0.7, seed: 7 })) again += piece;
  loaded.dispose();
  return [hashOf(file), events, bitsPerToken, JSON.stringify(written), again === written].join(" ");
}

async function classifier(kernels: Kernels): Promise<string> {
  const samples = Array.from({ length: 24 }, (_, i) => {
    const x = Array.from({ length: 3 + i % 5 }, (_, t) => "abcde"[(i * 7 + t * 13) % 5]).join("");
    return [x, x[0] < "c" ? "yes" : "no"] as const;
  });
  const description = { tokens: Vocabulary.characters("abcde"), labels: ["no", "yes"], cell: gru(), hidden: 8 };
  const model = await SequenceClassifier.create({ ...description, pooling: "attention", seed: 1, ...kernels });
  for await (const _ of model.fit(samples, { epochs: 3, batch: 8 }));
  const [{ label }] = await model.predict(["abcab"]), file = model.save();
  model.dispose();
  return `${hashOf(file)} ${label}`;
}

/** Nets with int8 weights: the same bits with relaxed SIMD and without. */
async function quantized({ kernels }: Kernels, module?: WebAssembly.Module): Promise<string> {
  const numerics: Int8Build = module ? { ...int8, module: () => Promise.resolve(module) } : int8;
  const net = deepNet(), session = await compile(net, { batch: 1, steps: 1, seed: 5, numerics: "exact", kernels });
  const small = quantize(net, session.parameters(), { weights: "int8" }), file = writeSafetensors(small.parameters);
  session.dispose();
  const loaded = await load(small.net, readSafetensors(file).tensors, { batch: B, steps: T, numerics, kernels });
  const x = tokens(new Generator(1), T * B), rnn = recurrent(lstm(), { input: 3, hidden: 33, layers: 2 });
  const both = [file, loaded.forward(x)].map(hashOf);
  loaded.dispose();
  const model = await compile(rnn, { batch: 1, steps: 1, seed: 6, numerics: "exact", kernels });
  const { net: other, parameters } = quantize(rnn, model.parameters());
  model.dispose();
  const running = await load(other, parameters, { batch: 1, steps: 1, numerics, kernels }), stream = running.stream();
  for (let t = 0; t < 50; t++) both.push(hashOf(stream.step([Math.fround(t / 50), -0.5, t % 3])));
  running.dispose();
  return hashOf(new TextEncoder().encode(both.join()));
}

/** What `using` does, which a bundler has rewritten for engines that do not have it. */
async function disposed(kernels: Kernels): Promise<string> {
  let session: Session;
  {
    using inner = await compile(sequential({ pool: attentionPool(3) }), { batch: 1, steps: 2, ...kernels });
    session = inner;
  }
  try {
    session.forward(new Float32Array(6));
    return "still usable";
  } catch (error) {
    return (error as Error).name;
  }
}

/** What becomes of numbers that are not finite, as values: the bits of NaN differ between processors. */
async function notANumber(kernels: Kernels): Promise<string> {
  const rnn = recurrent(lstm(), { input: 2, hidden: 3 });
  const session = await compile(rnn, { batch: 1, steps: 3, seed: 2, ...kernels });
  const output = session.forward(Float32Array.of(1e-40, -1e-42, Infinity, -3e38, NaN, 1));
  session.dispose();
  return hashOf(new TextEncoder().encode(output.join()));
}

async function threads(kernels: Kernels): Promise<string> {
  const session = await compile(dense(2, 2), { batch: 2, steps: 1, ...kernels, threads: 2 }), count = session.threads;
  session.dispose();
  return String(count);
}

function tokens(random: Generator, length: number): Int32Array {
  return Int32Array.from({ length }, () => random.integer(V));
}

/** FNV-1a of the bytes; `crypto.subtle` is not everywhere. */
function hashOf({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  let a = 0x811c9dc5, b = 0xcbf29ce4;
  for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ (byte + 0x9e), 0x01000193);
  }
  return [a, b].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}
