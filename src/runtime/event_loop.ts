/**
 * The time after which computation gives the event loop a turn, in milliseconds. Computation checks the time between
 * two pieces of work, so the event loop waits for at most this time and one piece.
 */
const TURN = 25;

/**
 * Lets other tasks run in between: `await loop.turn()` often, and it yields a macrotask when 25 ms have passed since
 * the last one. A promise alone would not do: timers, signals and aborts never run between microtasks. A message
 * arrives sooner than a timer, which is delayed by 1 ms in Deno and 4 ms in browsers.
 */
export class EventLoop {
  #last = now();

  /** Yield if 25 ms have passed since the last yield. */
  async turn(): Promise<void> {
    if (now() - this.#last < TURN) return;
    await (globalThis.MessageChannel ? message() : new Promise((resolve) => setTimeout(resolve)));
    this.#last = now();
  }
}

/** The milliseconds of a clock; an AudioWorklet does not have `performance`. */
function now(): number {
  return (globalThis.performance ?? Date).now();
}

async function message(): Promise<void> {
  // An open channel keeps a process alive, for example that of a generator which nobody finishes.
  const { port1, port2 } = new MessageChannel();
  await new Promise<void>((resolve) => {
    port1.onmessage = () => resolve();
    port2.postMessage(null);
  });
  port1.close();
}
