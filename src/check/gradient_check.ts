import { OptionError } from "../errors.ts";
import { readOptions } from "../options.ts";
import { loadKernels, type Numerics } from "../kernels/load.ts";
import { referenceKernels } from "../kernels/reference/reference_kernels.ts";
import type { Layer } from "../layers/layer.ts";
import { ReferenceArena } from "../memory/reference_arena.ts";
import { WasmArena } from "../memory/wasm_arena.ts";
import { mapNamed } from "../ops/value.ts";
import { planTraining } from "../session/plan_training.ts";
import { Generator } from "../random/generator.ts";
import { GradientCheck } from "./findings.ts";
import { Probe } from "./probe.ts";
import { DATA, drawTrial, GRADIENT_CHECK, type GradientCheckOptions, stepsOf, type Trial } from "./trial.ts";

/**
 * Step of the central differences. Their error is the third derivative times STEP² / 6, and the rounding of the loss
 * divided by STEP.
 */
const STEP = 1e-5;
/** Default number of time steps. */
const STEPS = 4;
/**
 * Number of elements tried of a tensor. All of them miss a quarter of the tensor, one gate of four, once in 100,000
 * times.
 */
const SAMPLE = 40;
/**
 * A gradient below this share of the largest gradient may be rounding errors, so errors are not relative to its size.
 */
const FLOOR = 1e-3;
/** Streams of random numbers: moves of the parameters, and choice of elements. */
const MOVES = DATA + 1, ELEMENTS = DATA + 2;

/**
 * Checks the backward pass of a net, a layer, or a cell (in `recurrent`). The gradients on the f64 reference kernels
 * are compared with central differences (f(w + 1e-5) - f(w - 1e-5)) / 2e-5, and the gradients of both WebAssembly
 * builds with those of the reference kernels. The check covers the gradients of all parameters, of x and of a
 * decoder's input when they are values, and of the first states.
 *
 * Parameters are the net's initial values, each moved by up to 0.1, because weights of 0 or 1 hide errors. First states
 * are random, or learned when the net learns them. Dropout drops, with the same masks in every pass. Each tried element
 * costs two forward passes in plain TypeScript, for at most 40 elements of a tensor: use small widths.
 *
 * Where a derivative jumps (relu at 0, a clip at its limit), differences across the jump are not the gradient. If the
 * check of such a net fails, try another seed; a wrong gradient fails with every seed. If only the builds fail, the
 * backward pass is right, and single precision loses the difference of large terms, as with x of 40 that saturates a
 * tanh.
 *
 * @throws {OptionError} When batch, steps, lengths, tokens, classes or seed are out of range, or y is given without
 * loss.
 * @throws {ShapeError} When x, y or lengths have a wrong number of elements.
 *
 * @example
 * ```ts
 * import { gru, recurrent } from "@unroll/rnn";
 * import { gradientCheck } from "@unroll/rnn/check";
 * import { assert } from "@std/assert";
 *
 * const check = await gradientCheck(recurrent(gru(), { input: 3, hidden: 5 }), { lengths: [4, 1, 2] });
 * assert(check.ok, String(check));
 * console.log(String(check));
 * ```
 *
 * Output, with errors relative to the largest element. A tensor with a wrong gradient is marked as wrong.
 *
 * ```text
 * tensor        tried  largest  differences   exact    fast
 * weight_ih_l0  40/45    0.913       2.4e-8  6.5e-8  9.8e-8
 * weight_hh_l0  40/75    0.582       1.6e-8  1.0e-7  7.7e-8
 * bias_ih_l0    15/15     1.65       1.2e-8  7.2e-8  4.5e-8
 * bias_hh_l0    15/15    0.862       2.1e-8  1.0e-7  9.5e-8
 * input x       36/36    0.489       2.6e-8  6.1e-8  6.1e-8
 * state h_l0    15/15    0.848       3.3e-8  1.8e-7  1.4e-7
 * right: within 1e-6 of the differences, the builds within 1e-4 of the f64 gradients
 * ```
 */
export async function gradientCheck(net: Layer, options: GradientCheckOptions = {}): Promise<GradientCheck> {
  readOptions("gradientCheck", GRADIENT_CHECK, options);
  const { batch = 3, loss, y, seed = 0, x, decoderInput } = options;
  const { steps = x ? stepsOf(net.input, batch, x) : STEPS } = options;
  const ownSteps = net.decoderInput && decoderInput ? stepsOf(net.decoderInput, batch, decoderInput) : undefined;
  const { decoderSteps = ownSteps } = options;
  if (y && !loss) throw new OptionError('Cannot check gradients: "y" is given, but no "loss" that reads it');
  const plan = () => planTraining(net, { batch, steps, decoderSteps, train: true, loss, seed });
  const reference = plan(), arena = new ReferenceArena(reference.bytes);
  const truth = new Probe(reference, referenceKernels(arena, "f64"), arena);
  move(truth, seed);
  const trial = drawTrial(net, reference, options);
  const analytic = gradients(truth);
  const exact = await build("exact"), fast = await build("fast");

  const noise = 8 * Number.EPSILON * Math.max(1, Math.abs(truth.loss(trial))) / (2 * STEP);
  const random = new Generator(seed, ELEMENTS);
  const compared = [...variables(truth, trial)].map(([tensor, values]) => {
    const gradient = analytic.get(tensor)!, elements = sample(gradient, random);
    const slopes = elements.map((element) => slope(truth, trial, values, element));
    return { tensor, gradient, elements, slopes, largest: size(gradient), own: Math.max(size(gradient), size(slopes)) };
  });
  const floor = FLOOR * Math.max(0, ...compared.map(({ own }) => own).filter(Number.isFinite));
  return new GradientCheck(compared.map(({ tensor, gradient, elements, slopes, largest, own }) => {
    const scale = Math.max(own, floor) || 1;
    const relative = (build: Map<string, Float32Array>) => distance(build.get(tensor)!, gradient) / scale;
    return {
      tensor,
      elements: gradient.length,
      tried: elements.length,
      largest,
      differences: Math.max(0, distance(elements.map((element) => gradient[element]), slopes) - noise) / scale,
      exact: relative(exact),
      fast: relative(fast),
    };
  }));

  async function build(numerics: Numerics): Promise<Map<string, Float32Array>> {
    const own = plan(), arena = new WasmArena(own.bytes);
    const probe = new Probe(own, await loadKernels(numerics, arena), arena);
    probe.copyParameters(truth);
    return gradients(probe);
  }

  /** The gradients of a second pass: as in training, memory holds the values of the pass before. */
  function gradients(probe: Probe): Map<string, Float32Array> {
    probe.gradients(trial);
    return probe.gradients(trial);
  }
}

/** Moves all parameters by up to 0.1, to f32 numbers, which the builds can copy exactly. */
function move(truth: Probe, seed: number): void {
  const random = new Generator(seed, MOVES);
  for (const { data } of truth.parameters().values()) {
    data.forEach((value, i) => data[i] = Math.fround(value + 0.2 * random.uniform() - 0.1));
  }
  truth.refresh();
}

/** The variables of the loss by name: parameters, inputs of values and first states. */
function variables(truth: Probe, { x, decoderInput, states }: Trial): Map<string, Float32Array | Float64Array> {
  const all = new Map([...truth.parameters()].map(([name, { data }]) => [name, data]));
  for (const name of truth.fixed) all.delete(name);
  mapNamed(truth.input, x, (input, own: Float64Array, name = "x") => input.gradient && all.set(`input ${name}`, own));
  if (truth.decoderTakesValues) all.set("decoder's input", decoderInput!);
  for (const [name, state] of Object.entries(states ?? {})) all.set(`state ${name}`, state);
  return all;
}

/** The central difference of the loss at one element of a variable. */
function slope(truth: Probe, trial: Trial, values: Float32Array | Float64Array, element: number): number {
  const value = values[element], above = value + STEP, below = value - STEP;
  const loss = (at: number) => {
    values[element] = at;
    truth.refresh();
    return truth.loss(trial);
  };
  const rise = loss(above) - loss(below);
  values[element] = value;
  truth.refresh();
  return rise && rise / (above - below); // 0 for padding, which may be NaN
}

/**
 * All elements, or a random sample. At least half of the sample has a gradient other than 0, if there are so many: in
 * an embedding of many tokens few elements have one. The rest has a gradient of 0, which may be a forgotten one.
 */
function sample(gradient: ArrayLike<number>, random: Generator): number[] {
  const elements = Array.from({ length: gradient.length }, (_, i) => i);
  if (elements.length <= SAMPLE) return elements;
  random.shuffle(elements);
  const zeros = elements.filter((element) => gradient[element] === 0).slice(0, SAMPLE / 2);
  return [...zeros, ...elements.filter((element) => gradient[element] !== 0)].slice(0, SAMPLE);
}

/** The largest absolute difference; NaN if a difference is NaN. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i] - b[i]));
  return largest;
}

/** The largest absolute value. */
function size(tensor: ArrayLike<number>): number {
  return distance(tensor, new Float64Array(tensor.length));
}
