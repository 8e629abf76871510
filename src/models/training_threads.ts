import type { Threads } from "../threads/threads.ts";
import { ThreadChoice } from "./thread_choice.ts";

/** Milliseconds without a wish for another event after which the workers end: a program that has left may end, too. */
const IDLE = 250;

/** The threads of a training: workers are started when they are needed, and end with it, or while it is suspended. */
export class TrainingThreads {
  readonly #crew: Threads;
  readonly #isAuto: boolean;
  readonly #choice: ThreadChoice;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** @param isAuto Whether only those threads compute that make the training faster; otherwise all. */
  constructor(crew: Threads, isAuto: boolean) {
    this.#crew = crew;
    this.#isAuto = isAuto;
    this.#choice = new ThreadChoice(crew.count);
  }

  /**
   * The events of the training, with its threads at work.
   *
   * @throws {ThreadError} When a worker does not start, unless the choice of threads is automatic.
   */
  async *run<Event extends { type: string }>(events: AsyncIterable<Event>): AsyncGenerator<Event, void, void> {
    const crew = this.#crew, iterator = events[Symbol.asyncIterator]();
    try {
      while (true) {
        await this.#prepare();
        const begin = performance.now(), { done, value } = await iterator.next();
        if (done) return;
        if (value.type === "step") this.#choice.add(performance.now() - begin);
        if (crew.areStarted) this.#idle = setTimeout(() => this.rest(), IDLE);
        yield value;
        clearTimeout(this.#idle);
      }
    } finally {
      this.rest();
    }
  }

  /** End the workers until the next event is asked for. */
  rest(): void {
    clearTimeout(this.#idle);
    this.#crew.rest();
  }

  /** Let those threads compute that the next step needs. */
  async #prepare(): Promise<void> {
    const crew = this.#crew, threads = this.#isAuto ? this.#choice.threads : crew.count;
    if (threads > 1 && !crew.areStarted) {
      try {
        await crew.start();
      } catch (error) {
        if (!this.#isAuto) throw error;
        this.#choice.settle();
      }
    }
    if (crew.areStarted && crew.used !== threads) crew.use(threads);
  }
}
