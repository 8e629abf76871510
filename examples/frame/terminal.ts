import { stderr, stdout } from "node:process";

/** Whether standard output is a terminal. */
export const isTerminal = stdout.isTTY === true;

/** Exit status after Ctrl-C, as shells define it: 128 plus the number of the signal. */
export const INTERRUPTED = 130;
/** Milliseconds within which a second signal counts as the first one. */
const SAME_SIGNAL = 300;

/** Width of the terminal in characters. Terminals that report no width count as 80. */
export function columns(): number {
  return stdout.columns || 80;
}

/** Writes to standard output. */
export function print(text: string): void {
  stdout.write(text);
}

/** Ends the program with one line on standard error. */
export function exitWithError(message: string, status: number): never {
  stderr.write(`error: ${message}\n`);
  Deno.exit(status);
}

/** A signal that aborts at the first Ctrl-C or when the reader of the output ends. A second Ctrl-C ends the process. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  Deno.addSignalListener("SIGINT", () => {
    if (!controller.signal.aborted) first = performance.now();
    // One Ctrl-C may arrive twice: from the terminal to the whole process group, and again from a parent process.
    else if (performance.now() - first > SAME_SIGNAL) Deno.exit(INTERRUPTED);
    controller.abort();
  });
  stdout.on("error", () => controller.abort());
  return controller.signal;
}
