/** Prints the time of a training step. ../wide.ts runs this file in Node. */
import { adam, clipNorm, compile, crossEntropy, dense, lstm, oneHot, recurrent, sequential } from "../../mod.ts";
import { wide } from "../../wide.ts";
import { cpuUsage, version } from "node:process";

const V = 65, H = 128, B = 50, T = 50, STEPS = 45, WARM_UP = 15;

const net = sequential({
  input: oneHot(V),
  rnn: recurrent(lstm(), { input: V, hidden: H, layers: 2 }),
  output: dense(H, V),
});
const options = { batch: B, steps: T, loss: crossEntropy(), clip: clipNorm(5), optimizer: adam() };
const tokens = Int32Array.from({ length: (T + 1) * B }, (_, i) => i * 7919 % V);
const data = { x: tokens.subarray(0, T * B), y: tokens.subarray(B) };
const builds = { fast: "fast", wide, exact: "exact" } as const;
const sessions = Object.entries(builds).map(async ([name, numerics]) => {
  return { name, session: await compile(net, { ...options, numerics }), times: [] as number[], loss: 0 };
});
const rows = await Promise.all(sessions);
for (let step = -WARM_UP; step < STEPS; step++) {
  for (const row of rows) {
    const before = cpuUsage();
    row.loss = row.session.step(data).loss;
    const { user, system } = cpuUsage(before);
    if (step >= 0) row.times.push((user + system) / 1000);
  }
}
for (const { name, times, loss } of rows) {
  times.sort((a, b) => a - b);
  console.log(
    `${version} ${name}: median ${times[STEPS >> 1].toFixed(1)} ms, best ${times[0].toFixed(1)}; loss ${loss}`,
  );
}
