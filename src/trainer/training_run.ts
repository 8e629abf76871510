/**
 * Events that are iterated or awaited. Nothing begins before the first `next` or `then`, and everything happens once:
 * breaking out of a loop suspends the run; another loop or `await` goes on with the rest.
 */
export abstract class TrainingRun<Event, History> implements AsyncIterableIterator<Event, void>, PromiseLike<History> {
  #events: AsyncGenerator<Event, void, void> | undefined;
  #pending = 0;
  #failure: { readonly error: unknown } | undefined;
  #outcome: Promise<History> | undefined;
  /** The last events of a run that was replaced. */
  #last: Event[] = [];

  /** The events, from the beginning to the end. Called once, and again after each error: then they go on. */
  protected abstract run(): AsyncGenerator<Event, void, void>;

  /** What awaiting gives; before the end, the history so far. */
  abstract get history(): History;

  /** Whether an event has been asked for that is not there yet, or the run is awaited. */
  get isBusy(): boolean {
    return this.#pending > 0;
  }

  /** The next event. */
  async next(): Promise<IteratorResult<Event, void>> {
    const last = this.#last.shift();
    if (last) return { done: false, value: last };
    this.#pending++;
    this.#failure = undefined;
    try {
      return await (this.#events ??= this.run()).next();
    } catch (error) {
      this.#failure = { error };
      this.#events = undefined;
      throw error;
    } finally {
      this.#pending--;
    }
  }

  /** Suspend the run, as breaking out of a loop does. */
  return(): Promise<IteratorResult<Event, void>> {
    return Promise.resolve({ done: true, value: undefined });
  }

  /** The run itself: a second loop goes on where the first one has stopped. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Go on to the end, and give the history. */
  then<Result = History, Failure = never>(
    onFulfilled?: ((history: History) => Result | PromiseLike<Result>) | null,
    onRejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Result | Failure> {
    return (this.#outcome ??= this.#finish()).then(onFulfilled, onRejected);
  }

  /** As `catch` of a promise. */
  catch<Failure = never>(
    onRejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<History | Failure> {
    return this.then(undefined, onRejected);
  }

  /** As `finally` of a promise. */
  finally(onFinally?: (() => void) | null): Promise<History> {
    return this.then().finally(onFinally);
  }

  /** End a suspended run with these events. */
  protected endWith(events: Event[]): void {
    this.#last = events;
    this.#events ??= this.run();
    void this.#events.return(); // Frees what the run holds. Errors cannot come: the run waits at an event.
  }

  async #finish(): Promise<History> {
    if (this.#failure) throw this.#failure.error;
    this.#pending++; // Also between two events.
    try {
      while (!(await this.next()).done);
      return this.history;
    } finally {
      this.#pending--;
    }
  }
}
