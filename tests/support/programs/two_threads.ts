/** Sends the number of threads, or the error, of a session with one thread and of one with two. */
import { compile, dense } from "../../../mod.ts";

const found = await Promise.all(
  [1, 2].map((threads) =>
    compile(dense(2, 2), { batch: 2, steps: 1, threads }).then((session) => {
      const count = session.threads;
      session.dispose();
      return String(count);
    }, String)
  ),
);
await fetch("/result", { method: "POST", body: JSON.stringify(found) });
