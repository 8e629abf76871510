/** A piece of work that takes longer than this is followed by a smaller one, in milliseconds. */
const LONGEST = 16;
/** A piece of work that takes less than this is followed by a larger one, in milliseconds. */
const SHORTEST = 4;
/** Multiply-adds of the first piece. A core makes some 2 to 20 of them in a nanosecond. */
const FIRST = 2 ** 24;

/**
 * The number of time steps to run at once, so that the event loop gets its turns: as many as the net takes, fewer when
 * they take too long. Results do not depend on the number: a sequence has the same bits whole and in pieces.
 */
export class Pace {
  readonly #most: number;
  #steps: number;

  /**
   * @param most The steps that the net takes at once.
   * @param size Multiply-adds of a step, about: the number of parameters, for each row.
   */
  constructor(most: number, size: number) {
    this.#most = most;
    this.#steps = Math.max(1, Math.min(most, Math.floor(FIRST / size)));
  }

  /** Run the next piece of a sequence of which `rest` steps are left. `run` gets the number of steps. */
  run<Result>(rest: number, run: (steps: number) => Result): Result {
    const steps = Math.min(this.#steps, rest);
    const start = performance.now();
    const result = run(steps);
    const time = performance.now() - start;
    if (time > LONGEST) this.#steps = Math.max(1, steps >> 1);
    else if (time < SHORTEST && steps === this.#steps) this.#steps = Math.min(this.#most, 2 * steps);
    return result;
  }
}
