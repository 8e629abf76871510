/**
 * Random nets on random data: both builds are near the f64 reference, and the exact build has the bits of the f32
 * reference, in the outputs, the last states and all gradients. The f64 reference's gradient is the slope of its loss.
 *
 * Every run draws other nets. A failure names the seed of its net. PROPERTY_SEED is the seed of the first net.
 */
import { assert } from "@std/assert";
import {
  type Cell,
  compile,
  dense,
  elman,
  embedding,
  gru,
  type Layer,
  lstm,
  type Merge,
  oneHot,
  recurrent,
  type RecurrentOptions,
  sequential,
  type Session,
  type TensorCopy,
} from "../../../mod.ts";
import { attentionPool, pool } from "../../../layers.ts";
import { compileReference } from "../compile_reference.ts";
import { Generator } from "../../../src/random/generator.ts";
import { assertSame, draw, pass, type PassOptions, range, type Results } from "../cells/trial.ts";
import { checkDirection, trainer } from "../gradients/training_check.ts";
import { cellRoundings, distance, size, walk } from "../rounding.ts";

const SLOPE = 1e-6;

/** Bounded nonlinearities: unbounded ones have growing errors, and the slope of relu jumps where a sum is 0. */
const CELLS: Record<string, (bias: boolean) => Cell> = {
  "elman, tanh": (bias) => elman({ bias }),
  "lstm": (bias) => lstm({ bias }),
  "lstm, projected": (bias) => lstm({ bias, projection: 3 }),
  "gru, reset after": (bias) => gru({ bias }),
  "gru, reset before": (bias) => gru({ reset: "before", bias }),
};
const MERGES: readonly Merge[] = ["concat", "sum", "average", "multiply", "none"];

/** A net and the options of its session and calls. */
interface Subject {
  readonly text: string;
  readonly net: Layer;
  readonly shape: { readonly T: number; readonly B: number };
  /** The session's limits, sometimes above the shape. */
  readonly plan: { readonly batch: number; readonly steps: number; readonly batchFirst: boolean };
  readonly options: PassOptions;
  /** Whether the call has initial states. */
  readonly given: boolean;
  /** Number of roundings on the longest path, forward and backward. */
  readonly roundings: number;
}

/** Checks so many random nets. */
export async function checkRandomNets(count: number): Promise<void> {
  const first = Number(Deno.env.get("PROPERTY_SEED") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  for (const seed of range(count).map((i) => first + i)) {
    const subject = drawSubject(new Generator(seed));
    try {
      await checkBuilds(subject, seed);
      checkSlope(subject, seed);
    } catch (error) {
      throw new Error(`PROPERTY_SEED=${seed}: ${subject.text}`, { cause: error });
    }
  }
}

async function checkBuilds(subject: Subject, seed: number): Promise<void> {
  const { net, plan, roundings } = subject, options = { ...plan, train: true, seed };
  using exact = await compile(net, { ...options, numerics: "exact" });
  using fast = await compile(net, { ...options, numerics: "fast" });
  using single = compileReference(net, options, "f32");
  using double = compileReference(net, options, "f64");
  const parameters = withLearnedStates(exact.parameters(), seed);
  for (const session of [exact, fast, single, double]) session.setParameters(parameters);

  const got = run(exact, subject, seed), bound = walk(roundings);
  assertSame(got, run(single, subject, seed), "exact build, f32 reference");
  const truth = run(double, subject, seed);
  for (const [build, results] of Object.entries({ exact: got, fast: run(fast, subject, seed) })) {
    for (const [name, want] of Object.entries(truth)) {
      // Input, states and incoming gradients have size 1, so errors of smaller results are relative to 1.
      const error = distance(results[name], want) / Math.max(1, size(want));
      // The largest error of 20 000 nets reaches half of the bound.
      assert(error <= bound, `${build}: ${name} is off by ${error}, allowed is ${bound}`);
    }
  }
}

/** Builds and reference share the code of the layers, central differences do not. */
function checkSlope({ net, shape, options: { lengths }, given }: Subject, seed: number): void {
  const { x, states } = draw(net, shape, seed), random = new Generator(seed, 2);
  const { width: classes, parts, steps } = net.output;
  if (classes === 1 || parts) return; // no loss, no gradient
  const y = range((steps === "one" ? 1 : shape.T) * shape.B).map(() => random.integer(classes));
  const training = trainer(net, shape, { x, y }, { lengths, states: given ? states : "zero" });
  const error = checkDirection(training, withLearnedStates(training.parameters(), seed), seed);
  // The error of the differences is the third derivative times 1e-8 / 6. All of 20 000 nets stay below 1e-7.
  assert(error <= SLOPE, `the gradient is off the slope by ${error}`);
}

/** Random learned states, because their initial zeros hide errors. */
function withLearnedStates(parameters: Map<string, TensorCopy>, seed: number): Map<string, TensorCopy> {
  const random = new Generator(seed, 1);
  for (const [name, { data }] of parameters) {
    if (name.includes("initial_")) { for (let i = 0; i < data.length; i++) data[i] = 2 * random.uniform() - 1; }
  }
  return parameters;
}

/** A forward and backward pass, and a pass that carries on from it. */
function run(session: Session, { net, shape, options, given }: Subject, seed: number): Results {
  const data = draw(net, shape, seed), B = shape.B;
  const first = pass(session, given ? data : { ...data, states: "zero" }, B, options);
  const second = pass(session, { ...draw(net, shape, seed + 1), states: "carry" }, B, options);
  const carried = Object.entries(second).map(([name, values]) => [`carried: ${name}`, values]);
  return { ...first, ...Object.fromEntries(carried) };
}

function drawSubject(random: Generator): Subject {
  const one = <A>(choices: readonly A[]): A => choices[random.integer(choices.length)];
  const chance = (share: number) => random.uniform() < share;
  const shape = { T: 1 + random.integer(8), B: 1 + random.integer(8) };
  const cell = one(Object.keys(CELLS)), bias = chance(0.8), input = one(["values", "one-hot", "embedding"]);
  const width = 1 + random.integer(12), classes = chance(0.3) ? 1 + random.integer(12) : undefined;
  // Not max: when two steps are nearly equal, the builds may differ, and the slope jumps.
  const pooled = chance(0.3) && one(["mean", "attention"] as const);
  const rates = chance(0.3) ? { dropout: 0.3, recurrentDropout: 0.2, inputDropout: input === "one-hot" ? 0 : 0.1 } : {};
  const rnn: RecurrentOptions = {
    input: width,
    hidden: range(1 + random.integer(3)).map(() => 1 + random.integer(20)),
    bidirectional: chance(0.5),
    merge: classes || pooled ? one(MERGES.slice(0, -1)) : one(MERGES),
    output: pooled ? "sequence" : one(["sequence", "sequence", "last"]),
    initialStates: one(["zero", "learned"]),
    ...rates,
  };
  const layer = recurrent(CELLS[cell](bias), rnn), below = { "one-hot": oneHot(width), embedding: embedding(9, width) };
  const net = sequential({
    ...(input !== "values" && { input: below[input as keyof typeof below] }),
    rnn: layer,
    ...(pooled && { pool: pooled === "mean" ? pool(layer.output.width, pooled) : attentionPool(layer.output.width) }),
    ...(classes && { output: dense(layer.output.width, classes) }),
  });
  const lengths = chance(0.5) ? range(shape.B).map(() => 1 + random.integer(shape.T)) : undefined;
  const room = () => chance(0.3) ? 1 + random.integer(3) : 0;
  const plan = { batch: shape.B + room(), steps: shape.T + room(), batchFirst: chance(0.2) };
  const options = { lengths, training: chance(0.5) }, given = chance(0.5);
  const hidden = rnn.hidden as number[], widest = 2 * Math.max(width, ...hidden);
  const layers = hidden.reduce((sum, H) => sum + cellRoundings({ ...shape, I: widest, H }), 0);
  return {
    text: JSON.stringify({ cell, bias, input, rnn, pooled, classes, shape, plan, options, given }),
    net,
    shape,
    plan,
    options,
    given,
    roundings: 2 * layers + (classes ?? 0) + (pooled ? 4 * widest + shape.T : 0) + widest,
  };
}
