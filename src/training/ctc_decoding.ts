import { requireInteger, requireNumbers, ShapeError } from "../errors.ts";
import { anything, count, extended, flag, natural, readOptions, REQUIRED, type Table } from "../options.ts";
import { exp, log } from "../kernels/real.ts";
import { logSoftmax } from "./log_softmax.ts";

/** Options of `ctcGreedy`: the layout of the outputs of a net that was trained with `ctc`. */
export interface CtcDecodingOptions {
  /** Number of classes C. */
  classes: number;
  /**
   * Number of sequences B.
   *
   * @default {1}
   */
  batch?: number;
  /**
   * Whether outputs are `[B, T, C]` instead of `[T, B, C]`.
   *
   * @default {false}
   */
  batchFirst?: boolean;
  /** Length of each sequence, integers from 0 to T. Default: all T. */
  lengths?: ArrayLike<number>;
  /**
   * The class that stands for "no label".
   *
   * @default {0}
   */
  blank?: number;
}

const DECODING = {
  classes: [count, REQUIRED],
  batch: [count],
  batchFirst: [flag],
  lengths: [anything],
  blank: [natural],
} satisfies Table<CtcDecodingOptions>;

/** Labels that were decoded from a sequence. */
export interface CtcDecoding {
  /** Classes, without blanks and repetitions. */
  readonly labels: number[];
  /** Natural logarithm of the labels' probability: see the decoder. */
  readonly logProbability: number;
}

/**
 * The labels of the most probable path of each sequence: the class with the largest output of each step, without
 * repetitions and then without blanks. `logProbability` is that of this one path. Outputs are logits or logarithms of
 * probabilities, `[T, B, C]`.
 *
 * @throws {ShapeError} When the outputs do not divide into steps, or `lengths` does not have a length for each
 * sequence.
 * @throws {OptionError} When a number is out of range.
 * @throws {NonFiniteError} When outputs are NaN or infinite.
 *
 * @example
 * ```ts
 * import { ctcGreedy } from "@unroll/rnn/losses";
 * import { assertEquals } from "@std/assert";
 *
 * const outputs = [[0, 9, 0], [0, 9, 0], [9, 0, 0], [0, 9, 0], [0, 0, 9]].flat(); // 1 1 blank 1 2
 * assertEquals(ctcGreedy(outputs, { classes: 3 })[0].labels, [1, 1, 2]);
 * ```
 */
export function ctcGreedy(outputs: ArrayLike<number>, options: CtcDecodingOptions): CtcDecoding[] {
  const { blank = 0 } = readOptions("ctcGreedy", DECODING, options);
  return sequences(outputs, options).map((steps) => {
    const labels: number[] = [];
    let logProbability = 0, previous = blank;
    for (const step of steps) {
      const best = step.reduce((best, value, k) => value > step[best] ? k : best, 0);
      if (best !== previous && best !== blank) labels.push(best);
      logProbability += step[best];
      previous = best;
    }
    return { labels, logProbability };
  });
}

/** Options of `ctcBeamSearch`. */
export interface CtcBeamOptions extends CtcDecodingOptions {
  /**
   * Number of prefixes that the beam keeps from step to step.
   *
   * @default {10}
   */
  width?: number;
}

const BEAM = /* @__PURE__ */ extended(DECODING, { width: [count, 10] }) satisfies Table<CtcBeamOptions>;

/** The labels of the steps so far: a node in the tree of prefixes. */
interface Prefix {
  /** The prefix without its last label; undefined for the empty prefix. */
  readonly parent?: Prefix;
  /** The last label. */
  readonly label: number;
  /** The prefixes with one more label, by that label. */
  readonly children: Map<number, Prefix>;
  /** Logarithms of the probability of the paths that end in a blank, and of the paths that end in the label. */
  blank: number;
  labelled: number;
}

/**
 * The most probable labels of each sequence by prefix beam search (Graves et al. 2006; the form of Hannun et al.
 * 2014), the best first, at most `width`. `logProbability` is that of all paths to the labels through prefixes that
 * stayed in the beam: at most the true probability, and equal to it when the beam is wide enough. Outputs are logits or
 * logarithms of probabilities, `[T, B, C]`.
 *
 * @throws {ShapeError} When the outputs do not divide into steps, or `lengths` does not have a length for each
 * sequence.
 * @throws {OptionError} When a number is out of range.
 * @throws {NonFiniteError} When outputs are NaN or infinite.
 *
 * @example
 * ```ts
 * import { ctcBeamSearch, ctcGreedy } from "@unroll/rnn/losses";
 * import { assertEquals } from "@std/assert";
 *
 * // In both steps a blank with 0.6 and label 1 with 0.4: the best path, two blanks, has 0.36, the label 0.64.
 * const outputs = [0.6, 0.4, 0.6, 0.4].map(Math.log);
 * assertEquals(ctcGreedy(outputs, { classes: 2 })[0].labels, []);
 * assertEquals(ctcBeamSearch(outputs, { classes: 2 })[0][0].labels, [1]);
 * ```
 */
export function ctcBeamSearch(outputs: ArrayLike<number>, options: CtcBeamOptions): CtcDecoding[][] {
  const { blank = 0, width } = readOptions("ctcBeamSearch", BEAM, options);
  return sequences(outputs, options).map((steps) => {
    let beam = [{ label: -1, children: new Map(), blank: 0, labelled: -Infinity } as Prefix];
    for (const step of steps) beam = advance(beam, step, blank).slice(0, width);
    return beam.map((prefix) => ({ labels: labelsOf(prefix), logProbability: probability(prefix) }));
  });
}

/** Advances the beam by one step. The most probable prefix is the first. */
function advance(beam: readonly Prefix[], step: Float64Array, blank: number): Prefix[] {
  const before = beam.map((prefix) => ({ prefix, ...prefix, all: probability(prefix) }));
  const reached = new Set<Prefix>();
  /** Add a prefix to the next beam. */
  function reach(prefix: Prefix): Prefix {
    if (!reached.has(prefix)) prefix.blank = prefix.labelled = -Infinity;
    reached.add(prefix);
    return prefix;
  }
  for (const { prefix, label, labelled, blank: blanked, all } of before) {
    const same = reach(prefix);
    same.blank = logSum(same.blank, all + step[blank]);
    if (label >= 0) same.labelled = logSum(same.labelled, labelled + step[label]);
    for (let k = 0; k < step.length; k++) {
      if (k === blank || step[k] === -Infinity) continue;
      let next = prefix.children.get(k);
      if (!next) {
        prefix.children.set(k, next = { parent: prefix, label: k, children: new Map(), blank: 0, labelled: 0 });
      }
      // A label that repeats the last one is a new label only after a blank.
      reach(next).labelled = logSum(next.labelled, (k === label ? blanked : all) + step[k]);
    }
  }
  return [...reached].map((prefix) => ({ prefix, all: probability(prefix) })).filter(({ all }) => all > -Infinity)
    .sort((a, b) => b.all - a.all).map(({ prefix }) => prefix);
}

/** The logarithm of the probability of all paths to a prefix. */
function probability({ blank, labelled }: Prefix): number {
  return logSum(blank, labelled);
}

function labelsOf(prefix: Prefix): number[] {
  const labels: number[] = [];
  for (let p: Prefix = prefix; p.parent; p = p.parent) labels.push(p.label);
  return labels.reverse();
}

/** log(e^a + e^b) */
function logSum(a: number, b: number): number {
  const high = Math.max(a, b), low = Math.min(a, b);
  return low === -Infinity ? high : high + log(1 + exp(low - high));
}

/** The steps of each sequence, each the logarithm of the softmax of the outputs. */
function sequences(outputs: ArrayLike<number>, options: CtcDecodingOptions): Float64Array[][] {
  const { classes, batch: B = 1, batchFirst = false, lengths, blank = 0 } = options;
  requireInteger("blank", blank, 0, classes - 1);
  const T = requireNumbers("outputs", outputs).length / (B * classes);
  if (!Number.isInteger(T)) {
    const shape = batchFirst ? `[${B}, T, ${classes}]` : `[T, ${B}, ${classes}]`;
    throw new ShapeError(`Cannot decode: the outputs must have shape ${shape}, got ${outputs.length} elements`);
  }
  if (lengths && lengths.length !== B) {
    throw new ShapeError(`Cannot decode: "lengths" must have ${B} elements, one a sequence, got ${lengths.length}`);
  }
  return Array.from({ length: B }, (_, b) => {
    const steps = lengths ? requireInteger("lengths", lengths[b], 0, T) : T;
    return Array.from({ length: steps }, (_, t) => {
      const from = (batchFirst ? b * T + t : t * B + b) * classes;
      return logSoftmax(Array.from({ length: classes }, (_, k) => outputs[from + k]));
    });
  });
}
