/** Numbers of a recorded call: the kernel's, and up to 15 arguments. */
export const WORDS = 16;

/** In the place of a kernel's number: all threads wait for each other here, and, at the last place, the program ends. */
export const BARRIER = 0, END = -1;

/**
 * What threads tell each other, words of their own memory: 0 counts those that have arrived at a barrier; PASSED, the
 * barriers passed, is what they wait for; 2 belongs to the first one that fails, who writes MESSAGE, a code unit a word,
 * and then FAILED; STOPPED ends them.
 */
export const PASSED = 1, FAILED = 3, STOPPED = 4, MESSAGE = 16, MESSAGE_LENGTH = 240, CONTROL_WORDS = 256;

/**
 * Run a program: the calls of one thread. `kernels` are those that the numbers in `program` name. A thread that waits at
 * a barrier looks for a moment, then sleeps, so that one that has no core does not have to fight for it; it gives up after
 * `patience` milliseconds. A thread that fails wakes all others, which then fail as well.
 *
 * This text runs in workers, too, so it names nothing outside itself, not even the constants above, and has no functions
 * within (a bundler would give them names with a function of its own). A kernel ignores arguments that it has too many.
 */
export function replay(
  control: Int32Array,
  program: Int32Array,
  kernels: readonly ((...args: number[]) => void)[],
  threads: number,
  patience: number,
): void {
  const p = program;
  try {
    for (let i = 0;; i += 16) {
      const kernel = p[i];
      if (kernel > 0) {
        // deno-fmt-ignore
        kernels[kernel](
          p[i + 1], p[i + 2], p[i + 3], p[i + 4], p[i + 5], p[i + 6], p[i + 7], p[i + 8],
          p[i + 9], p[i + 10], p[i + 11], p[i + 12], p[i + 13], p[i + 14], p[i + 15],
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
          if (Atomics.wait(control, 1, passed, patience) === "timed-out") {
            throw new Error(`another thread has not answered for ${patience} ms`);
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
