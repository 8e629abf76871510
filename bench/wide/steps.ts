/** Prints the time of a training step. ../wide.ts runs this file in Node. */
import { compile } from "../../mod.ts";
import { wide } from "../../wide.ts";
import { B, charRnn, T, tokenBatch, TRAINING } from "../char_rnn.ts";
import { cpuUsage, version } from "node:process";

const STEPS = 45, WARM_UP = 15;

const data = tokenBatch();
const builds = { fast: "fast", wide, exact: "exact" } as const;
const sessions = Object.entries(builds).map(async ([name, numerics]) => {
  return {
    name,
    session: await compile(charRnn(), { batch: B, steps: T, numerics, ...TRAINING }),
    times: [] as number[],
    loss: 0,
  };
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
