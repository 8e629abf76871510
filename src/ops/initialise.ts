import { requireInteger, requireNumber, ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Shape } from "../memory/planner.ts";
import type { Slot } from "../memory/slot.ts";
import { randomOrthogonal } from "./orthogonal.ts";

/** Where an initialiser works: the flat slot to fill, a slot of two floats for its bounds, the numbers to draw. */
export interface InitialiserContext {
  /** What to fill: one row. */
  readonly value: Slot;
  /** Its shape. */
  readonly shape: Shape;
  /** Two floats. */
  readonly bounds: Slot;
  /** A copy of the numbers in a slot of one row. */
  readonly read: (slot: Slot) => Float32Array;
  /** Write numbers into a slot, from its first element on. */
  readonly write: (slot: Slot, numbers: ArrayLike<number>) => void;
  /** Key and stream of the counter-based generator, 32 bits each. */
  readonly seed: readonly [number, number];
  /** Number of the parameter in the net. */
  readonly stream: number;
}

/** Fills a parameter with its first values. */
export type Initialiser = (k: Kernels, draw: InitialiserContext) => void;

/** A parameter as a layer declares it. */
export interface Parameter {
  /** PyTorch's shape. */
  readonly shape: Shape;
  /** Its first values. */
  readonly initial: Initialiser;
}

/**
 * Uniform numbers in [-bound, bound).
 *
 * @throws {OptionError} When the bound is not a number >= 0.
 *
 * @example
 * ```ts
 * import { compile, gru, recurrent, uniform } from "@unroll/rnn";
 * import { assert } from "@std/assert";
 *
 * const rnn = recurrent(gru(), { input: 5, hidden: 7, initial: { weight_hh: uniform(0.1) } });
 * using session = await compile(rnn, { batch: 1, steps: 1 });
 * assert(session.parameters().get("weight_hh_l0")!.data.every((x) => Math.abs(x) <= 0.1 + 1e-7));
 * ```
 */
export function uniform(bound: number): Initialiser {
  requireNumber("bound", bound, 0);
  return (k, { value, bounds, write, seed, stream }) => {
    write(bounds, [-bound, bound]);
    k.randomUniform(value.address, bounds.address, value.columns, seed[0], seed[1], stream, 0);
  };
}

/**
 * Normal numbers of mean 0 and the given standard deviation, by default 1.
 *
 * @throws {OptionError} When the deviation is not a number >= 0.
 *
 * @example
 * ```ts
 * import { compile, gru, normal, recurrent } from "@unroll/rnn";
 * import { assert } from "@std/assert";
 *
 * const rnn = recurrent(gru(), { input: 5, hidden: 7, initial: { weight_hh: normal(0.02) } });
 * using session = await compile(rnn, { batch: 1, steps: 1 });
 * assert(session.parameters().get("weight_hh_l0")!.data.every((x) => Math.abs(x) < 0.2));
 * ```
 */
export function normal(deviation = 1): Initialiser {
  requireNumber("deviation", deviation, 0);
  return (k, { value, bounds, write, seed, stream }) => {
    k.randomNormal(value.address, value.columns, seed[0], seed[1], stream, 0);
    write(bounds, [deviation]);
    k.scale(value.address, bounds.address, value.columns);
  };
}

/**
 * Zeros.
 *
 * @example
 * ```ts
 * import { compile, gru, recurrent, zeros } from "@unroll/rnn";
 * import { assert } from "@std/assert";
 *
 * const rnn = recurrent(gru(), { input: 5, hidden: 7, initial: { bias_hh: zeros() } });
 * using session = await compile(rnn, { batch: 1, steps: 1 });
 * assert(session.parameters().get("bias_hh_l0")!.data.every((x) => x === 0));
 * ```
 */
export function zeros(): Initialiser {
  return (k, { value }) => k.zero(value.address, 1, value.columns, value.columns);
}

/**
 * One number everywhere.
 *
 * @throws {OptionError} When it is not a finite number.
 *
 * @example
 * ```ts
 * import { compile, constant, gru, recurrent } from "@unroll/rnn";
 * import { assert } from "@std/assert";
 *
 * const rnn = recurrent(gru(), { input: 5, hidden: 7, initial: { bias_hh: constant(0.5) } });
 * using session = await compile(rnn, { batch: 1, steps: 1 });
 * assert(session.parameters().get("bias_hh_l0")!.data.every((x) => x === 0.5));
 * ```
 */
export function constant(number: number): Initialiser {
  requireNumber("number", number);
  return (_k, { value, write }) => write(value, new Float64Array(value.columns).fill(number));
}

/**
 * Uniform numbers of variance 2 / (in + out) (Glorot & Bengio 2010), for a weight `[out, in]`. As in Keras, `out`
 * counts the rows of all gates of a cell together. The session refuses it for vectors.
 *
 * @example
 * ```ts
 * import { elman, glorot, recurrent } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const rnn = recurrent(elman(), { input: 5, hidden: 7, initial: { weight_ih: glorot() } });
 * assertEquals(rnn.parameters.weight_ih_l0.shape, [7, 5]); // uniform in ±sqrt(6 / 12)
 * ```
 */
export function glorot(): Initialiser {
  return (k, draw) => {
    const [rows, columns] = requireMatrix("glorot", draw);
    uniform(Math.sqrt(6 / (rows + columns)))(k, draw);
  };
}

/** Options of `orthogonal`. */
export interface OrthogonalOptions {
  /** What all numbers are multiplied by. Default 1. */
  gain?: number;
  /**
   * Into how many blocks of rows the matrix falls, each of which is orthogonal on its own: 4 for the gates of an LSTM's
   * `weight_hh`, 3 for a GRU's. Default 1.
   */
  blocks?: number;
}

/**
 * A random orthogonal matrix (Saxe, McClelland & Ganguli 2014): its columns, or its rows when it has fewer of them, are
 * of length `gain` and at right angles, every such matrix being equally likely. As in PyTorch and Keras the matrix is
 * the whole weight, which for a cell of G gates shrinks each gate's share of the state to about 1 / sqrt(G); with
 * `blocks: G` each gate turns the state without changing its length. The session refuses it for vectors.
 *
 * @throws {OptionError} When the gain is not finite or `blocks` not a positive integer.
 *
 * @example
 * ```ts
 * import { lstm, orthogonal, recurrent } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const rnn = recurrent(lstm(), { input: 5, hidden: 7, initial: { weight_hh: orthogonal({ blocks: 4 }) } });
 * assertEquals(rnn.parameters.weight_hh_l0.shape, [28, 7]);
 * ```
 */
export function orthogonal({ gain = 1, blocks = 1 }: OrthogonalOptions = {}): Initialiser {
  requireNumber("gain", gain);
  requireInteger("blocks", blocks, 1);
  return (k, draw) => {
    const { value, read, write } = draw, [rows, columns] = requireMatrix("orthogonal", draw);
    if (rows % blocks !== 0) {
      throw new ShapeError(`Cannot initialise "${value.name}": its ${rows} rows do not fall into ${blocks} blocks`);
    }
    normal()(k, draw);
    const numbers = Float64Array.from(read(value)), size = rows / blocks;
    for (let b = 0; b < blocks; b++) {
      randomOrthogonal(numbers.subarray(b * size * columns, (b + 1) * size * columns), size, columns);
    }
    write(value, numbers.map((number) => gain * number));
  };
}

/**
 * The bias of an LSTM with a number for the forget gate, so that the cell remembers from the start (Gers et al. 2000; 1
 * in Jozefowicz, Zaremba & Sutskever 2015), and other first values elsewhere, by default zeros. For gates in the order
 * i, f, g, o. The cell adds its two biases: give the number to one of them.
 *
 * @throws {OptionError} When the number is not finite.
 *
 * @example
 * ```ts
 * import { forgetBias, lstm, recurrent, zeros } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const rnn = recurrent(lstm(), { input: 5, hidden: 7, initial: { bias_ih: forgetBias(1), bias_hh: zeros() } });
 * assertEquals(rnn.parameters.bias_ih_l0.shape, [28]);
 * ```
 */
export function forgetBias(number: number, others: Initialiser = zeros()): Initialiser {
  requireNumber("number", number);
  return (k, draw) => {
    const { value, shape, write } = draw, H = shape[0] / 4;
    if (shape.length !== 1 || !Number.isInteger(H)) {
      throw new ShapeError(
        `Cannot initialise "${value.name}": forgetBias() needs the bias of four gates, got shape [${shape.join(", ")}]`,
      );
    }
    others(k, draw);
    write(value.slice(H, H), new Float64Array(H).fill(number));
  };
}

function requireMatrix(initialiser: string, { value, shape }: InitialiserContext): readonly [number, number] {
  if (shape.length === 2) return [shape[0], shape[1]];
  throw new ShapeError(
    `Cannot initialise "${value.name}": ${initialiser}() needs a matrix, got shape [${shape.join(", ")}]`,
  );
}
