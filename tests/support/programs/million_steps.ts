/**
 * A million steps of streams, as in an audio thread: prints marks around those of each net. With an argument the steps
 * return new arrays. Run with V8's --trace-gc.
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
const { process, Deno } = globalThis as any;
const isNew = (Deno?.args ?? process.argv.slice(2)).length > 0;

for (const [name, net] of Object.entries(NETS)) {
  const trained = await compile(net(), { batch: 1, steps: 1, seed: 1 });
  const loaded = await load(net(), trained.parameters(), { batch: 1, steps: 1 });
  const stream = loaded.stream(), x = Float32Array.of(1);
  const output = isNew ? undefined : new Float32Array(net().output.width);
  for (let i = 0; i < 1000; i++) stream.step(x, output);
  console.log(`begin ${name}`);
  for (let i = 0; i < 1_000_000; i++) stream.step(x, output);
  console.log(`end ${name}`);
}
