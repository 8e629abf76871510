/** Cells of random equations in every kind of plan: the same bits. */
import { compile, type Layer, recurrent } from "../../../mod.ts";
import { randomCell } from "../../support/cells/random_cell.ts";
import { assertSame, draw, forward, pass, range, type Results, steps } from "../../support/cells/trial.ts";

const T = 4, B = 3;

function net(seed: number): Layer {
  return recurrent(randomCell(seed), { input: 2, hidden: 5, layers: 2, recurrentDropout: seed % 3 ? 0 : 0.2 });
}

for (let block = 0; block < 4; block++) {
  Deno.test(`random equations, ${15 * block} to ${15 * block + 14}: without training, step by step, in a larger plan`, async () => {
    for (let seed = 15 * block; seed < 15 * block + 15; seed++) {
      const layer = net(seed),
        data = draw(layer, { T, B }, seed),
        lengths = [4, 1, 3],
        options = { numerics: "exact" } as const;
      using training = await compile(layer, { batch: B, steps: T, train: true, ...options });
      using inference = await compile(layer, { batch: B, steps: T, ...options });
      using large = await compile(layer, { batch: B + 4, steps: T + 3, train: true, ...options });
      const whole = forward(training, data, B), label = `seed ${seed}`;
      assertSame(forward(inference, data, B), whole, `${label}, without training`);
      const outputs: number[] = [];
      for (const t of range(T)) {
        outputs.push(...inference.forward(steps(data.x, T, t, t + 1), { batch: B, states: t ? "carry" : data.states }));
      }
      assertSame({ output: Float32Array.from(outputs) }, { output: whole.output }, `${label}, step by step`);
      const want: Results = pass(training, data, B, { lengths });
      pass(large, draw(layer, { T: T + 3, B: B + 4 }, 1), B + 4);
      assertSame(pass(large, data, B, { lengths }), want, `${label}, in a larger plan`);
    }
  });
}

Deno.test("random equations: two threads give the bits of one", async () => {
  for (let seed = 0; seed < 12; seed++) {
    const layer = net(seed), data = draw(layer, { T, B }, seed), results: Results[] = [];
    for (const threads of [1, 2]) {
      using session = await compile(layer, { batch: B, steps: T, train: true, threads, numerics: "exact" });
      results.push(pass(session, data, B, { training: true }));
    }
    assertSame(results[1], results[0], `seed ${seed}`);
  }
});
