/**
 * The time after which computation gives the event loop a turn, in milliseconds. Computation checks the time between
 * two pieces of work, so the event loop waits for at most this time and one piece.
 */
const TURN = 25;

/** When a computation last got its turn. */
let last = -TURN;
/** The computations that wait for their turns. */
const waiting: (() => void)[] = [];

/**
 * Lets other tasks run in between: `await turn()` often, and it yields a macrotask when 25 ms have passed since the
 * last one, or when other computations wait. A promise alone would not do: timers, signals and aborts never run between
 * microtasks. Computations get one turn each, in the order in which they wait, with the event loop's other tasks in
 * between: so the loop waits for one of them at most, however many there are.
 */
export async function turn(): Promise<void> {
  if (!waiting.length && now() - last < TURN) return;
  await new Promise<void>((resolve) => {
    if (waiting.push(resolve) === 1) wakeNext();
  });
}

/** Wake the first waiting computation. A message arrives sooner than a timer: Deno delays those by 1 ms, pages by 4. */
function wakeNext(): void {
  const wake = () => {
    last = now();
    waiting.shift()!();
    if (waiting.length) wakeNext();
  };
  if (!globalThis.MessageChannel) return void setTimeout(wake);
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close(); // An open channel keeps a process alive.
    wake();
  };
  port2.postMessage(null);
}

/** The milliseconds of a clock; an AudioWorklet does not have `performance`. */
function now(): number {
  return (globalThis.performance ?? Date).now();
}
