import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  beamSearch,
  compile,
  dense,
  type Hypothesis,
  lstm,
  NonFiniteError,
  oneHot,
  OptionError,
  recurrent,
  sequential,
  type Session,
  ShapeError,
} from "../../mod.ts";

const V = 4, STOP = 0, LENGTH = 4, PROMPT = [2, 1];

/**
 * A net with clear preferences: its initial parameters times 5. With `numerics: "exact"` results do not depend on rows.
 */
async function peaked(seed: number): Promise<Session> {
  const net = sequential({
    input: oneHot(V),
    rnn: recurrent(lstm(), { input: V, hidden: 6 }),
    output: dense(6, V),
  });
  const session = await compile(net, { batch: 30, steps: LENGTH + PROMPT.length, numerics: "exact", seed });
  const larger = [...session.parameters()].map(([name, { shape, data }]) =>
    [name, { shape, data: data.map((value) => 5 * value) }] as const
  );
  session.setParameters(new Map(larger));
  return session;
}

/** Logarithms of the next tokens' probabilities, from the whole sequence run at once. */
function next(session: Session, tokens: number[]): number[] {
  const logits = session.forward([...PROMPT, ...tokens], { batch: 1 }).slice(-V), top = Math.max(...logits);
  const sum = logits.reduce((sum, x) => sum + Math.exp(x - top), 0);
  return Array.from(logits, (x) => x - top - Math.log(sum));
}

/** All continuations, the best first. */
function exhaustive(session: Session, alpha: number, without: number[] = []): Hypothesis[] {
  const all: Hypothesis[] = [];
  function extend(tokens: number[], logProbability: number): void {
    next(session, tokens).forEach((value, token) => {
      if (without.includes(token)) return;
      const longer = [...tokens, token], p = logProbability + value;
      if (token !== STOP && longer.length < LENGTH) return extend(longer, p);
      all.push({ tokens: longer, logProbability: p, score: p / ((5 + longer.length) / 6) ** alpha });
    });
  }
  extend([], 0);
  return all.sort((a, b) => b.score - a.score);
}

/** The same continuations. Numbers may differ by some roundings of doubles: exp and log are other functions here. */
function assertFound(found: readonly Hypothesis[], wanted: readonly Hypothesis[], what: string): void {
  assertEquals(found.map(({ tokens }) => tokens), wanted.map(({ tokens }) => tokens), what);
  found.forEach(({ logProbability, score }, i) => {
    assert(Math.abs(logProbability - wanted[i].logProbability) < 1e-12, what);
    assert(Math.abs(score - wanted[i].score) < 1e-12, what);
  });
}

for (const alpha of [0, 0.6, 1, 3]) {
  Deno.test(`alpha ${alpha}: a beam that drops nothing finds the best of all continuations`, async () => {
    for (let seed = 1; seed <= 8; seed++) {
      using session = await peaked(seed);
      const all = exhaustive(session, alpha), options = { length: LENGTH, stop: [STOP], lengthPenalty: alpha };
      // After three of four steps 3 ** 3 hypotheses are open: a wider beam drops none before the last step.
      for (const width of [28, 30]) {
        const found = await beamSearch(session.stream({ batch: width }), PROMPT, options);
        assertFound(found, all.slice(0, width), `seed ${seed}, width ${width}`);
      }
      const without = [3], fewer = exhaustive(session, alpha, without);
      // With two tokens and the stop, 2 ** 3 hypotheses are open.
      const found = await beamSearch(session.stream({ batch: 9 }), PROMPT, { ...options, without });
      assertFound(found, fewer.slice(0, 9), `seed ${seed}, without a token`);
    }
  });
}

Deno.test("width 1 is greedy", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    using session = await peaked(seed);
    const tokens: number[] = [];
    let logProbability = 0;
    while (tokens.length < LENGTH && tokens.at(-1) !== STOP) {
      const scores = next(session, tokens), best = scores.indexOf(Math.max(...scores));
      tokens.push(best);
      logProbability += scores[best];
    }
    const options = { length: LENGTH, stop: [STOP], lengthPenalty: 0 };
    const found = await beamSearch(session.stream(), PROMPT, options);
    assertFound(found, [{ tokens, logProbability, score: logProbability }], `seed ${seed}`);
  }
});

Deno.test("a narrow beam finds true probabilities, often better than greedy, not always the best", async () => {
  let better = 0, missed = 0;
  for (let seed = 1; seed <= 40; seed++) {
    using session = await peaked(seed);
    const all = exhaustive(session, 0), options = { length: LENGTH, stop: [STOP], lengthPenalty: 0 };
    const [greedy] = await beamSearch(session.stream(), PROMPT, options);
    const found = await beamSearch(session.stream({ batch: 2 }), PROMPT, options);
    const same = found.map(({ tokens }) => all.find((other) => other.tokens.join() === tokens.join())!);
    assertFound(found, same, `seed ${seed}`);
    if (found[0].score > greedy.score + 1e-9) better++;
    if (found[0].score < all[0].score - 1e-9) missed++;
  }
  assert(better > 0 && missed > 0, `better than greedy ${better} times, not the best ${missed} times`);
});

/** Beam search without early ending: at each step all hypotheses with one more token, until `width` are open. */
function toTheEnd(session: Session, width: number, alpha: number): Hypothesis[] {
  let live: Hypothesis[] = [{ tokens: [], logProbability: 0, score: 0 }];
  const finished: Hypothesis[] = [];
  for (let n = 1; n <= LENGTH; n++) {
    const longer = live.flatMap(({ tokens, logProbability }) =>
      next(session, tokens).map((value, token) => {
        const p = logProbability + value;
        return { tokens: [...tokens, token], logProbability: p, score: p / ((5 + n) / 6) ** alpha };
      })
    ).sort((a, b) => b.logProbability - a.logProbability);
    live = longer.filter(({ tokens }) => tokens[n - 1] !== STOP).slice(0, width);
    const last = live[width - 1]?.logProbability ?? -Infinity;
    finished.push(...longer.filter(({ tokens, logProbability }) => tokens[n - 1] === STOP && logProbability > last));
  }
  return [...finished, ...live].sort((a, b) => b.score - a.score).slice(0, width);
}

Deno.test("ending early changes no result, at any width and normalisation", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    using session = await peaked(seed);
    for (const width of [1, 2, 3, 5]) {
      for (const lengthPenalty of [0, 0.6, 4]) {
        const options = { length: LENGTH, stop: [STOP], lengthPenalty };
        const found = await beamSearch(session.stream({ batch: width }), PROMPT, options);
        assertFound(found, toTheEnd(session, width, lengthPenalty), `seed ${seed}, ${width} wide, ${lengthPenalty}`);
      }
    }
  }
});

Deno.test("length normalisation prefers longer continuations", async () => {
  let lengths: number[] = [];
  for (const lengthPenalty of [0, 1, 4]) {
    let sum = 0;
    for (let seed = 1; seed <= 10; seed++) {
      using session = await peaked(seed);
      const options = { length: LENGTH, stop: [STOP], lengthPenalty };
      const [best] = await beamSearch(session.stream({ batch: 30 }), PROMPT, options);
      sum += best.tokens.length;
    }
    lengths = [...lengths, sum];
  }
  assert(lengths[0] < lengths[1] && lengths[1] < lengths[2], `${lengths}`);
});

Deno.test("the search ends when no open hypothesis can become better", async () => {
  using session = await peaked(1);
  const parameters = session.parameters();
  parameters.get("output.bias")!.data[STOP] = 20;
  session.setParameters(parameters);
  const stream = session.stream({ batch: 2 }), step = stream.step.bind(stream);
  let steps = 0;
  stream.step = (x, output) => {
    steps++;
    return step(x, output);
  };
  const [best] = await beamSearch(stream, PROMPT, { length: 1000, stop: [STOP] });
  assertEquals(best.tokens, [STOP]);
  assert(steps < 30, `${steps} steps`);
});

Deno.test("a search starts from row 0 of the stream", async () => {
  using session = await peaked(3);
  const stream = session.stream({ batch: 3 });
  stream.step([PROMPT[0], 0, 3]);
  const all = exhaustive(session, 0.6);
  const [best] = await beamSearch(stream, PROMPT.slice(1), { length: LENGTH, stop: [STOP] });
  const same = all.find((other) => other.tokens.join() === best.tokens.join())!;
  assertFound([best], [same], "row 0");
});

Deno.test("select makes each row of a stream continue the sequence of another row", async () => {
  using session = await peaked(2);
  const stream = session.stream({ batch: 3 });
  stream.select([2, 2, 2]); // At the beginning all rows are alike.
  stream.step([0, 1, 2]);
  stream.step([3, 2, 1]);
  stream.select([2, 0, 2]);
  const got = stream.step([1, 1, 3]);
  const sequences = [[2, 1, 1], [0, 3, 1], [2, 1, 3]];
  assertEquals(got, Float32Array.from(sequences.flatMap((x) => [...session.forward(x, { batch: 1 }).slice(-V)])));
  assertThrows(() => stream.select([0, 1]), ShapeError, '"rows" must have 3 elements, got 2');
  assertThrows(() => stream.select([0, 1, 3]), OptionError, '"rows" must be an integer from 0 to 2, got 3 at 2');
  // The refused calls have changed nothing.
  const after = session.forward([...sequences[0], 0], { batch: 1 }).slice(-V);
  assertEquals(stream.step([0, 0, 0]).slice(0, V), after);
});

Deno.test("bad input is refused", async () => {
  using session = await peaked(1);
  const search = (prompt: number[], options = {}) => beamSearch(session.stream(), prompt, { length: 3, ...options });
  await assertRejects(() => search([]), OptionError, '"prompt" must have at least one token');
  await assertRejects(() => search([V]), OptionError, '"x"');
  await assertRejects(() => search([1], { length: 0 }), OptionError, '"length"');
  await assertRejects(() => search([1], { lengthPenalty: -1 }), OptionError, '"lengthPenalty"');
  const parameters = session.parameters();
  parameters.get("output.bias")!.data[1] = NaN;
  session.setParameters(parameters);
  await assertRejects(() => search([1]), NonFiniteError, "softmax");
});
