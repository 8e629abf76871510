/** Trains the nets of bits_nets.ts, and says all numbers that come of it by their bits. */
import {
  type CallOptions,
  compile,
  type Data,
  dense,
  Generator,
  type Numerics,
  type Session,
  type TensorCopy,
} from "../../mod.ts";
import { type BitsNet, STEPS } from "./bits_nets.ts";

/** Something that has bits: arrays of numbers, tensors, a number in f64, a text, or a list or a map of these. */
export type Value =
  | Float32Array
  | Float64Array
  | Uint8Array
  | number
  | string
  | boolean
  | null
  | undefined
  | readonly Value[]
  | ReadonlyMap<string, Value>
  | ReadonlyMap<string, TensorCopy>
  | { readonly [name: string]: Value };

/** Bits as JSON has them. */
export type Bits = string | Bits[] | { [name: string]: Bits };

/**
 * The bits of a value: of an array of numbers the SHA-256 of its bytes, of tensors that of all their elements, of one
 * number its f64 in hexadecimal digits. Texts are themselves, lists and maps are taken element by element.
 */
export async function bitsOf(value: Value): Promise<Bits> {
  if (typeof value === "number") return hexadecimal(new Uint8Array(Float64Array.of(value).buffer).toReversed());
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Float32Array || value instanceof Float64Array || value instanceof Uint8Array) {
    return await hashOf(value);
  }
  if (value instanceof Map) {
    const values = [...value.values()], isOfTensors = values.every((part) => part.data instanceof Float32Array);
    return isOfTensors ? await hashOfAll(value) : await bitsOf(Object.fromEntries(value));
  }
  if (Array.isArray(value)) return await Promise.all(value.map(bitsOf));
  const bits: Bits = {};
  for (const [name, part] of Object.entries(value)) bits[name] = await bitsOf(part);
  return bits;
}

/** The SHA-256 of the bytes of arrays, one behind the other. */
async function hashOf(...arrays: (Float32Array | Float64Array | Uint8Array)[]): Promise<string> {
  const bytes = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return hexadecimal(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The SHA-256 of all elements of tensors, in their order. Their names do not count. */
async function hashOfAll(tensors: ReadonlyMap<string, TensorCopy>): Promise<string> {
  return await hashOf(...[...tensors.values()].map(({ data }) => data));
}

/**
 * Whether the fast build fuses multiplications and additions here. In an engine without relaxed SIMD, and on a
 * processor without such an instruction, the fast build has the bits of the exact one.
 */
export async function isFused(): Promise<boolean> {
  // The two rows are (1 + e)² - 1, in either order: 2 e + e² where the square is not rounded before the sum.
  const e = 2 ** -12, rows = [1 + e, -1, 0, 0, -1, 1 + e];
  using session = await compile(dense(3, 1), { batch: 2, steps: 1, numerics: "fast" });
  const weight = { shape: [1, 3], data: Float32Array.of(1 + e, 1, 1 + e) };
  session.setParameters(new Map([["weight", weight], ["bias", { shape: [1], data: Float32Array.of(0) }]]));
  return session.forward(rows).some((y) => y !== 2 * e);
}

/** What a training has computed, by its bits. */
export interface TrainingBits {
  /** The parameters after the last step. */
  parameters: string;
  /** The optimizer's moments and the averages, by then. */
  moments: string;
  /** Losses, norms and learning rates of all steps, and gradients that `backward` gives. */
  figures: string;
  /** Outputs, last states and, where it is kept, the gradient's flow. */
  outputs: string;
}

/** The bits of a training of a net. */
export async function trainingBits(trained: BitsNet, numerics: Numerics, threads: number): Promise<TrainingBits> {
  using session = await compile(trained.net(), { ...trained.options, numerics, threads });
  if (session.threads !== threads) throw new Error(`there are ${session.threads} threads instead of ${threads}`);
  const figures: number[] = [];
  for (let step = 0; step < STEPS; step++) figures.push(...trainOne(session, trained, step));
  const flow = trained.options.gradientFlow ? [...session.gradientFlow().values()] : [];
  const { data: { x }, call } = batchOf(trained, 0, session.steps), output = session.forward(x, call);
  return {
    parameters: await hashOfAll(session.parameters()),
    moments: await hashOfAll(session.trainingState().tensors),
    figures: await hashOf(Float64Array.from(figures)),
    outputs: await hashOf(output, ...Object.values(session.states()), ...flow),
  };
}

/** One step of a training, and what it says. */
function trainOne(session: Session, trained: BitsNet, step: number): number[] {
  const { way = "step", carry } = trained, { data, call } = batchOf(trained, step);
  if (way === "step") {
    const { loss, gradientNorm, learningRate } = session.step(data, { ...call, states: carry ? "carry" : "zero" });
    session.report(loss);
    return [loss, gradientNorm, learningRate];
  }
  const figures: number[] = [];
  if (way === "backward") {
    const random = new Generator(step, 1), draws = (like: Float32Array) => like.map(() => random.uniform() - 0.5);
    const dOutput = draws(session.forward(data.x, { ...call, training: true })), states = session.states();
    const dStates = Object.fromEntries(Object.entries(states).map(([name, values]) => [name, draws(values)]));
    const { dx, dStates: first } = session.backward(dOutput, dStates);
    figures.push(...dx!, ...Object.values(first).flatMap((values) => [...values]));
  } else {
    const parts = way === "halves" ? halvesOf(trained, step) : [{ data, call }, batchOf(trained, STEPS + step)];
    for (const { data, call } of parts) {
      const { loss, count } = session.accumulate(data, call);
      figures.push(loss, count);
    }
  }
  const { gradientNorm, learningRate } = session.update();
  return [...figures, gradientNorm, learningRate];
}

type Call = CallOptions & { batch: number };

/** The batch of a step of a training, drawn at random, of at most so many time steps. */
function batchOf(trained: BitsNet, step: number, most = Infinity): { data: Data; call: Call } {
  const { options: { batch, steps, decoderSteps = steps }, targets = "numbers", longest = steps } = trained;
  const { input, decoderInput, output } = trained.net(), random = new Generator(step);
  const B = trained.carry || trained.way === "halves" ? batch : 1 + step % batch;
  const T = 1 + (3 * step + 2) % Math.min(most, longest), written = decoderInput ? 1 + (3 * step) % decoderSteps : T;
  const numbers = (n: number) => Float32Array.from({ length: n }, () => 2 * random.uniform() - 1);
  const integers = (n: number, below: number) => Int32Array.from({ length: n }, () => random.integer(below));
  const sequences = ({ kind, width }: typeof input, T: number) =>
    kind === "values" ? numbers(T * B * width) : integers(T * B, width);

  const x = sequences(input, T), lengths = trained.lengths ? integers(B, T).map((length) => 1 + length) : undefined;
  const call = { batch: B, lengths, decoderInput: decoderInput && sequences(decoderInput, written) };
  if (targets === "labels") {
    const targetLengths = integers(B, 4), labels = targetLengths.reduce((sum, length) => sum + length, 0);
    return { data: { x, y: integers(labels, output.width - 1).map((label) => 1 + label), targetLengths }, call };
  }
  const rows = trained.perSequence ? B : written * B, elements = rows * output.width;
  const y = targets === "classes"
    ? integers(rows, output.width)
    : targets === "bits"
    ? integers(elements, 2)
    : numbers(elements);
  const weights = trained.weights ? numbers(rows).map((weight) => Math.max(0, weight)) : undefined;
  // The first target always counts, so that no mean is of nothing.
  if (targets === "classes") y[0] = output.width - 1;
  if (weights) weights[0] = 1;
  return { data: { x, y, weights }, call };
}

/** The two halves of a batch, each with its place in the whole. The rows of all steps are of one length. */
function halvesOf(trained: BitsNet, step: number): { data: Data; call: Call }[] {
  const { data: { x, y }, call: { batch } } = batchOf(trained, step), half = batch / 2;
  const { input, output } = trained.net();
  return [0, half].map((from) => {
    const isOwn = (row: number) => row % batch >= from && row % batch < from + half;
    const own = (all: Data["x"], { width }: { width: number }) =>
      Array.from(all as ArrayLike<number>).filter((_, i) => isOwn(Math.floor(i / width)));
    const rows = Array.from({ length: half }, (_, i) => from + i);
    const call: Call = { batch: half, shard: { B: batch, rows } };
    return { data: { x: own(x, input), y: own(y, output) }, call };
  });
}
