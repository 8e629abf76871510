/** Compiles ever more sessions until one is refused; prints the refusal, and whether the first session still works. */
import { compile, dense, PlanError } from "../../../mod.ts";

const net = dense(100, 100), options = { batch: 20_000, steps: 50, train: true };
const row = { x: new Float32Array(100).fill(1), options: { batch: 1 } };
const sessions = [await compile(net, options)];
const want = sessions[0].forward(row.x, row.options).join();
let error: unknown;
while (!error) {
  try {
    sessions.push(await compile(net, options));
  } catch (refusal) {
    error = refusal;
  }
}
using small = await compile(net, { batch: 1, steps: 1 });
console.log(JSON.stringify({
  sessions: sessions.length,
  isPlanError: error instanceof PlanError,
  need: sessions[0].bytes,
  message: (error as Error).message,
  works: [sessions[0], sessions.at(-1)!, small].every((session) => session.forward(row.x, row.options).join() === want),
}));
