import { requireNumber, ShapeError } from "../errors.ts";
import { count, finite, readOptions, type Table } from "../options.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Shape } from "../memory/planner.ts";
import type { Slot } from "../memory/slot.ts";
import { randomOrthogonal } from "./orthogonal.ts";

/** The parameter that an initialiser fills, and the stream of random numbers. */
export interface InitialiserContext {
  /** The parameter: one row. */
  readonly value: Slot;
  /** The parameter's shape. */
  readonly shape: Shape;
  /** Two floats for arguments of kernels. */
  readonly bounds: Slot;
  /** Copies the numbers of a slot of one row. */
  readonly read: (slot: Slot) => Float32Array;
  /** Writes numbers into a slot, from its first element on. */
  readonly write: (slot: Slot, numbers: ArrayLike<number>) => void;
  /** Key of the counter-based generator: two times 32 bits. */
  readonly seed: readonly [number, number];
  /** Stream of the generator: the index of the parameter in the net. */
  readonly stream: number;
}

/** Fills a parameter with its initial values. */
export type Initialiser = (k: Kernels, context: InitialiserContext) => void;

/** A parameter as a layer declares it. */
export interface Parameter {
  /** PyTorch's shape. */
  readonly shape: Shape;
  /** Fills the parameter with its initial values. */
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
 * const session = await compile(rnn, { batch: 1, steps: 1 });
 * assert(session.parameters().get("weight_hh_l0")!.data.every((x) => Math.abs(x) <= 0.1 + 1e-7));
 * session.dispose();
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
 * Normal numbers of mean 0 and a standard deviation.
 *
 * @throws {OptionError} When the deviation is not a number >= 0.
 *
 * @example
 * ```ts
 * import { compile, gru, normal, recurrent } from "@unroll/rnn";
 * import { assert } from "@std/assert";
 *
 * const rnn = recurrent(gru(), { input: 5, hidden: 7, initial: { weight_hh: normal(0.02) } });
 * const session = await compile(rnn, { batch: 1, steps: 1 });
 * assert(session.parameters().get("weight_hh_l0")!.data.every((x) => Math.abs(x) < 0.2));
 * session.dispose();
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
 * const session = await compile(rnn, { batch: 1, steps: 1 });
 * assert(session.parameters().get("bias_hh_l0")!.data.every((x) => x === 0));
 * session.dispose();
 * ```
 */
export function zeros(): Initialiser {
  return (k, { value }) => k.zero(value.address, 1, value.columns, value.columns);
}

/**
 * One number for all elements.
 *
 * @throws {OptionError} When the number is not finite.
 *
 * @example
 * ```ts
 * import { compile, constant, gru, recurrent } from "@unroll/rnn";
 * import { assert } from "@std/assert";
 *
 * const rnn = recurrent(gru(), { input: 5, hidden: 7, initial: { bias_hh: constant(0.5) } });
 * const session = await compile(rnn, { batch: 1, steps: 1 });
 * assert(session.parameters().get("bias_hh_l0")!.data.every((x) => x === 0.5));
 * session.dispose();
 * ```
 */
export function constant(number: number): Initialiser {
  requireNumber("number", number);
  return (_k, { value, write }) => write(value, new Float64Array(value.columns).fill(number));
}

/**
 * Uniform numbers of variance 2 / (in + out) (Glorot & Bengio 2010), for a weight `[out, in]`. As in Keras, `out` is
 * the number of rows of all gates of a cell together. `compile` refuses `glorot` for vectors.
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
  return (k, context) => {
    const [rows, columns] = requireMatrix("glorot", context);
    uniform(Math.sqrt(6 / (rows + columns)))(k, context);
  };
}

/** Options of `orthogonal`. */
export interface OrthogonalOptions {
  /**
   * Factor of all numbers.
   *
   * @default {1}
   */
  gain?: number;
  /**
   * Number of blocks of rows, each of which is an orthogonal matrix: 4 for the gates of an LSTM's `weight_hh`, 3 for a
   * GRU's.
   *
   * @default {1}
   */
  blocks?: number;
}

const ORTHOGONAL = { gain: [finite, 1], blocks: [count, 1] } satisfies Table<OrthogonalOptions>;

/**
 * A random orthogonal matrix (Saxe, McClelland & Ganguli 2014). Its columns, or its rows if it has fewer rows than
 * columns, have length `gain` and are at right angles. All such matrices are equally likely.
 *
 * As in PyTorch and Keras the matrix is the whole weight: in a cell of G gates each gate scales the length of the state
 * by about 1 / sqrt(G). With `blocks: G` each gate rotates the state without changing its length. `compile` refuses
 * `orthogonal` for vectors.
 *
 * @throws {OptionError} When the gain is not finite, or `blocks` is not a positive integer.
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
export function orthogonal(options: OrthogonalOptions = {}): Initialiser {
  const { gain, blocks } = readOptions("orthogonal", ORTHOGONAL, options);
  return (k, context) => {
    const { value, read, write } = context, [rows, columns] = requireMatrix("orthogonal", context);
    if (rows % blocks !== 0) {
      throw new ShapeError(`Cannot initialise "${value.name}": its ${rows} rows cannot be split into ${blocks} blocks`);
    }
    normal()(k, context);
    const numbers = Float64Array.from(read(value)), size = rows / blocks;
    for (let b = 0; b < blocks; b++) {
      randomOrthogonal(numbers.subarray(b * size * columns, (b + 1) * size * columns), size, columns);
    }
    write(value, numbers.map((number) => gain * number));
  };
}

/**
 * The bias of an LSTM with a number for the forget gate, so that the cell remembers from the start (Gers et al. 2000; 1
 * in Jozefowicz, Zaremba & Sutskever 2015). For gates in the order i, f, g, o. The cell adds its two biases: give the
 * number to one of them.
 *
 * @param number Initial value of the forget gate's bias.
 * @param others Initialiser of the other gates' biases.
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
  return (k, context) => {
    const { value, shape, write } = context, H = shape[0] / 4;
    if (shape.length !== 1 || !Number.isInteger(H)) {
      throw new ShapeError(
        `Cannot initialise "${value.name}": forgetBias() needs the bias of four gates, got shape [${shape.join(", ")}]`,
      );
    }
    others(k, context);
    write(value.slice(H, H), new Float64Array(H).fill(number));
  };
}

function requireMatrix(initialiser: string, { value, shape }: InitialiserContext): readonly [number, number] {
  if (shape.length === 2) return [shape[0], shape[1]];
  throw new ShapeError(
    `Cannot initialise "${value.name}": ${initialiser}() needs a matrix, got shape [${shape.join(", ")}]`,
  );
}
