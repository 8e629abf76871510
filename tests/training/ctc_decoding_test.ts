import { assert, assertEquals, assertThrows } from "@std/assert";
import { compile, NonFiniteError, OptionError, ShapeError } from "../../mod.ts";
import { activation } from "../../layers.ts";
import { ctc, ctcBeamSearch, ctcGreedy } from "../../losses.ts";
import { Generator } from "../../src/random/generator.ts";

const T = 4, B = 2, C = 3;
const random = new Generator(9);
const OUTPUTS = Float32Array.from({ length: T * B * C }, () => 6 * random.uniform() - 3);

/** The log probability of every label sequence of outputs `[steps, C]`: the sum over all paths. */
function exhaustive(outputs: ArrayLike<number>, steps: number, blank: number): Map<string, number> {
  const totals = new Map<string, number>();
  for (let path = 0; path < C ** steps; path++) {
    const classes = Array.from({ length: steps }, (_, t) => Math.floor(path / C ** t) % C);
    const labels = classes.filter((k, t) => k !== blank && k !== classes[t - 1]);
    const p = classes.reduce((p, k, t) => {
      const row = Array.from({ length: C }, (_, j) => Math.exp(outputs[t * C + j]));
      return p * row[k] / row.reduce((a, b) => a + b);
    }, 1);
    totals.set(labels.join(), (totals.get(labels.join()) ?? 0) + p);
  }
  return totals;
}

function sequence(b: number): Float32Array {
  return OUTPUTS.filter((_, i) => Math.floor(i / C) % B === b);
}

Deno.test("a wide beam finds all label sequences, the most probable first, with their probabilities", () => {
  for (const blank of [0, 2]) {
    for (const [b, steps] of [[0, 4], [1, 3], [1, 1]]) {
      const outputs = sequence(b).subarray(0, steps * C),
        [found] = ctcBeamSearch(outputs, { classes: C, blank, width: 200 });
      const want = [...exhaustive(outputs, steps, blank)].sort((a, b) => b[1] - a[1]);
      assertEquals(found.map(({ labels }) => labels.join()), want.map(([labels]) => labels));
      found.forEach(({ logProbability }, i) => assert(Math.abs(logProbability - Math.log(want[i][1])) < 1e-12));
    }
  }
});

Deno.test("a narrow beam returns at most `width` label sequences, with at most their true probabilities", () => {
  const [wide] = ctcBeamSearch(sequence(0), { classes: C, width: 200 });
  const [narrow] = ctcBeamSearch(sequence(0), { classes: C, width: 2 });
  assertEquals(narrow.length, 2);
  for (const { labels, logProbability } of narrow) {
    const same = wide.find((other) => other.labels.join() === labels.join())!;
    assert(logProbability <= same.logProbability + 1e-12);
  }
});

Deno.test("the probability of labels is exp(-loss)", async () => {
  using session = await compile(activation("identity", C), { batch: 1, steps: T, loss: ctc({ reduction: "sum" }) });
  const x = sequence(1), [found] = ctcBeamSearch(x, { classes: C, width: 200 });
  for (const { labels, logProbability } of found) {
    const { loss } = session.evaluate({ x, y: labels });
    assert(Math.abs(loss + logProbability) < 1e-5, `${labels}: ${loss}, ${-logProbability}`);
  }
});

Deno.test("greedy: a repeated label counts once unless a blank is between; the probability is the path's", () => {
  const path = (classes: number[]) => classes.flatMap((k) => [0, 1, 2].map((j) => j === k ? 3 : 0));
  const labels = (classes: number[], blank = 0) => ctcGreedy(path(classes), { classes: C, blank })[0].labels;
  assertEquals(labels([1, 1, 2, 2, 1]), [1, 2, 1]);
  assertEquals(labels([1, 0, 1, 0, 0]), [1, 1]);
  assertEquals(labels([0, 0]), []);
  assertEquals(labels([0, 1, 2, 1, 0], 2), [0, 1, 1, 0]);
  const each = Math.log(Math.exp(3) / (Math.exp(3) + 2));
  assert(Math.abs(ctcGreedy(path([1, 1, 0]), { classes: C })[0].logProbability - 3 * each) < 1e-12);
});

Deno.test("sequences of a batch, time-major or batch first, up to their lengths", () => {
  const lengths = [2, 4], alone = lengths.map((n, b) => sequence(b).subarray(0, n * C));
  const turned = [...sequence(0), ...sequence(1)];
  for (const decode of [ctcGreedy, ctcBeamSearch]) {
    const want = alone.map((outputs) => decode(outputs, { classes: C })[0]);
    assertEquals(decode(OUTPUTS, { classes: C, batch: B, lengths }), want);
    assertEquals(decode(turned, { classes: C, batch: B, lengths, batchFirst: true }), want);
  }
  assertEquals(ctcGreedy(OUTPUTS, { classes: C, batch: B, lengths: [0, 0] })[1], { labels: [], logProbability: 0 });
});

Deno.test("outputs and options that do not fit are refused", () => {
  assertThrows(() => ctcGreedy(OUTPUTS.subarray(1), { classes: C }), ShapeError, "[T, 1, 3]");
  assertThrows(() => ctcGreedy(OUTPUTS, { classes: C, batch: B, lengths: [1] }), ShapeError, "lengths");
  assertThrows(() => ctcGreedy(OUTPUTS, { classes: C, batch: B, lengths: [1, 5] }), OptionError, "lengths");
  assertThrows(() => ctcGreedy(OUTPUTS, { classes: C, blank: C }), OptionError, "blank");
  assertThrows(() => ctcBeamSearch(OUTPUTS, { classes: C, width: 0 }), OptionError, "width");
  assertThrows(() => ctcBeamSearch([0, NaN, 0], { classes: C }), NonFiniteError, "softmax");
});
