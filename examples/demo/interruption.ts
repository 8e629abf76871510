import { stdout } from "node:process";

/** Exit status after Ctrl-C: 128 and the number of the signal, as shells have it. */
export const INTERRUPTED = 130;
/** Milliseconds before a second signal is another one. */
const PAUSE = 300;

/** Aborts at the first Ctrl-C, and when nobody reads the output any more. A second Ctrl-C ends the process. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  Deno.addSignalListener("SIGINT", () => {
    if (!controller.signal.aborted) first = performance.now();
    // One signal may arrive twice: sent to the whole process group, and passed on by a parent as well.
    else if (performance.now() - first > PAUSE) Deno.exit(INTERRUPTED);
    controller.abort();
  });
  stdout.on("error", () => controller.abort());
  return controller.signal;
}
