import { OptionError, requireInteger } from "../errors.ts";
import { count, readOptions, REQUIRED, type Table } from "../options.ts";

/** Options of `streams`. */
export interface StreamsOptions {
  /** B, the number of parallel streams. */
  batch: number;
  /** T, the number of steps in a window. */
  unroll: number;
}

const STREAMS = { batch: [count, REQUIRED], unroll: [count, REQUIRED] } satisfies Table<StreamsOptions>;

/** Some consecutive steps of every stream, time-major: element `t * B + b` belongs to step t of stream b. */
export interface StreamWindow {
  /** The tokens `[steps, B]`, a view that the next window overwrites. */
  readonly x: Int32Array;
  /** The next token of each, `[steps, B]`, a view that the next window overwrites. */
  readonly y: Int32Array;
  /** The number of steps: T, or fewer in the last window. */
  readonly steps: number;
}

/** A sequence cut into streams and windows. An iteration is one epoch, and starts at window 0. */
export interface Streams extends Iterable<StreamWindow> {
  /** The number of windows in an epoch. */
  readonly windows: number;
  /** The number of steps of a stream in an epoch: L = floor((N - 1) / B). */
  readonly length: number;
  /**
   * Window `index`, from 0 to `windows - 1`.
   *
   * @throws {OptionError} When `index` is out of range.
   */
  at(index: number): StreamWindow;
}

/**
 * Cuts one long sequence of N tokens into B streams of L = floor((N - 1) / B) steps, for truncated back-propagation
 * through time. Stream b reads the tokens b L to (b + 1) L - 1, and the target of each token is the next one. Window w
 * holds the steps w T to w T + T - 1 of every stream, so that a state carried from window to window stays with its
 * stream. The last window is shorter when T does not divide L. The last (N - 1) mod B tokens are left out.
 *
 * All windows share two buffers: x and y are valid until the next window is requested. `tokens` is not copied.
 *
 * @throws {OptionError} When there are fewer than B + 1 tokens, or B or T is not an integer of at least 1.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { streams } from "@unroll/rnn";
 *
 * const tokens = Int32Array.of(0, 1, 2, 3, 4, 5, 6);
 * const epoch = streams(tokens, { batch: 2, unroll: 2 });
 * assertEquals(epoch.windows, 2);
 * const seen = [...epoch].map(({ steps }) => steps);
 * assertEquals(seen, [2, 1]);
 * assertEquals(epoch.at(0).x, Int32Array.of(0, 3, 1, 4));
 * assertEquals(epoch.at(0).y, Int32Array.of(1, 4, 2, 5));
 * ```
 */
export function streams(tokens: Int32Array, options: StreamsOptions): Streams {
  const { batch, unroll } = readOptions("streams", STREAMS, options);
  const length = Math.floor((tokens.length - 1) / batch);
  if (length < 1) {
    throw new OptionError(
      `Cannot cut "tokens" into ${batch} streams: expected at least ${batch + 1} tokens, got ${tokens.length}`,
    );
  }
  const windows = Math.ceil(length / unroll);
  const steps = Math.min(unroll, length);
  const full: StreamWindow = { x: new Int32Array(steps * batch), y: new Int32Array(steps * batch), steps };
  const rest = length - (windows - 1) * steps;
  const last: StreamWindow = { x: full.x.subarray(0, rest * batch), y: full.y.subarray(0, rest * batch), steps: rest };

  function at(index: number): StreamWindow {
    requireInteger("index", index, 0, windows - 1);
    const window = index < windows - 1 ? full : last;
    for (let b = 0; b < batch; b++) {
      const start = b * length + index * unroll;
      for (let t = 0, to = b; t < window.steps; t++, to += batch) {
        window.x[to] = tokens[start + t];
        window.y[to] = tokens[start + t + 1];
      }
    }
    return window;
  }

  return {
    windows,
    length,
    at,
    *[Symbol.iterator]() {
      for (let index = 0; index < windows; index++) yield at(index);
    },
  };
}

/**
 * Cuts a text in two: the first `fraction` of its UTF-16 units, rounded down, and the rest. A character at the cut is
 * not split; it belongs to the second part.
 *
 * @param fraction From 0 to 1. Default: 0.9.
 * @throws {OptionError} When `fraction` is not a number from 0 to 1.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { splitText } from "@unroll/rnn";
 *
 * assertEquals(splitText("0123456789"), { train: "012345678", validation: "9" });
 * ```
 */
export function splitText(text: string, fraction = 0.9): { train: string; validation: string } {
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new OptionError(`"fraction" must be a number from 0 to 1, got ${fraction}`);
  }
  let cut = Math.floor(text.length * fraction);
  // A character outside the basic plane has two units. The cut lies between them if the code point before it is such
  // one.
  if (cut > 0 && text.codePointAt(cut - 1)! > 0xffff) cut--;
  return { train: text.slice(0, cut), validation: text.slice(cut) };
}
