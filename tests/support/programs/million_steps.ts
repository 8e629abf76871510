/**
 * A million steps of streams in Node, as in an audio thread: prints how often each net's steps made V8 collect garbage.
 * With an argument the steps return new arrays. Run with --expose-gc.
 */
import { dense, embedding, gru, layerNorm, load, lstm, recurrent, sequential } from "../../../inference.ts";
import { compile, type Layer } from "../../../mod.ts";

const NETS: Record<string, () => Layer> = {
  lstm: () => sequential({ rnn: recurrent(lstm(), { input: 1, hidden: 8, layers: 2 }), decoder: dense(8, 1) }),
  gru: () =>
    sequential({ rnn: recurrent(gru(), { input: 1, hidden: 20 }), norm: layerNorm(20), decoder: dense(20, 1) }),
  tokens: () =>
    sequential({ embedding: embedding(5, 4), rnn: recurrent(gru({ reset: "before" }), { input: 4, hidden: 4 }) }),
};

// deno-lint-ignore no-explicit-any
const { process, gc, setTimeout } = globalThis as any;
const isNew = process.argv.length > 2;
const { PerformanceObserver } = process.getBuiltinModule("perf_hooks");
const starts: number[] = [];
const observer = new PerformanceObserver((list: { getEntries(): { startTime: number }[] }) => {
  starts.push(...list.getEntries().map(({ startTime }) => startTime));
});
observer.observe({ entryTypes: ["gc"] });

const counts: Record<string, number> = {};
for (const [name, net] of Object.entries(NETS)) {
  const trained = await compile(net(), { batch: 1, steps: 1, seed: 1 });
  const loaded = await load(net(), trained.parameters(), { batch: 1, steps: 1 });
  const stream = loaded.stream(), x = Float32Array.of(1);
  const output = isNew ? undefined : new Float32Array(net().output.width);
  for (let i = 0; i < 1000; i++) stream.step(x, output);
  gc();
  const from = performance.now();
  for (let i = 0; i < 1_000_000; i++) stream.step(x, output);
  const to = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 50)); // the observer gets its entries later
  counts[name] = starts.filter((start) => start > from && start < to).length;
}
console.log(JSON.stringify(counts));
