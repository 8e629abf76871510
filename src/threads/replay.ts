/**
 * Integers of a command in a command buffer. A kernel call is the kernel's number, from 1 on, and up to 15 arguments.
 * Any other command is one of the numbers below.
 */
export const COMMAND_WORDS = 16;

/** Command: wait until all threads have come here. */
export const BARRIER = 0;
/** Command: wait likewise, then end the replay. The last command of every buffer. */
export const END = -1;

/**
 * The control words, shared by all threads. Word 0 counts the threads that have arrived at a barrier. This one counts
 * the barriers passed; threads wait for its change.
 */
export const PASSED = 1;
/** Whether a thread has failed. Word 2 belongs to the first thread that fails: it writes MESSAGE, then this word. */
export const FAILED = 3;
/** Whether the workers are to end. */
export const STOPPED = 4;
/** The first word of the failed thread's message, one UTF-16 code unit a word. */
export const MESSAGE = 16;
export const MESSAGE_LENGTH = 240;
export const CONTROL_WORDS = 256;

/**
 * Replay a command buffer: run the kernel calls of one thread.
 *
 * At a barrier a thread spins briefly, then sleeps, so that a thread without a core does not have to fight for one. A
 * thread that fails wakes all others, which then fail as well.
 *
 * Workers run the text of this function. It therefore names nothing outside itself, not even the constants above, and
 * holds no inner function (a bundler would name that one by a call to a function of its own). A kernel ignores the
 * arguments behind its last.
 *
 * @param control The control words.
 * @param commands The command buffer.
 * @param kernels The kernels by the numbers in the command buffer; index 0 is unused.
 * @param threads Number of threads that replay command buffers together.
 * @param timeout Milliseconds after which a thread that waits gives up.
 * @throws {Error} When this or another thread fails, or after the timeout.
 */
export function replay(
  control: Int32Array,
  commands: Int32Array,
  kernels: readonly ((...args: number[]) => void)[],
  threads: number,
  timeout: number,
): void {
  const c = commands;
  try {
    for (let i = 0;; i += 16) {
      const kernel = c[i];
      if (kernel > 0) {
        // deno-fmt-ignore
        kernels[kernel](
          c[i + 1], c[i + 2], c[i + 3], c[i + 4], c[i + 5], c[i + 6], c[i + 7], c[i + 8],
          c[i + 9], c[i + 10], c[i + 11], c[i + 12], c[i + 13], c[i + 14], c[i + 15],
        );
        continue;
      }
      const passed = Atomics.load(control, 1);
      if (Atomics.add(control, 0, 1) + 1 === threads) {
        Atomics.store(control, 0, 0);
        Atomics.add(control, 1, 1);
        Atomics.notify(control, 1);
      } else {
        for (let turn = 0; turn < 2000 && Atomics.load(control, 1) === passed; turn++);
        while (Atomics.load(control, 1) === passed) {
          if (Atomics.wait(control, 1, passed, timeout) === "timed-out") {
            throw new Error(`another thread has not answered for ${timeout} ms`);
          }
        }
      }
      if (Atomics.load(control, 3)) throw new Error("another thread has failed");
      if (kernel < 0 || Atomics.load(control, 4)) return;
    }
  } catch (error) {
    if (!Atomics.exchange(control, 2, 1)) {
      const message = String(error);
      for (let i = 0; i < 240; i++) control[16 + i] = i < message.length ? message.charCodeAt(i) : 0;
      Atomics.store(control, 3, 1);
      Atomics.add(control, 1, 1);
      Atomics.notify(control, 1);
    }
    throw error;
  }
}
