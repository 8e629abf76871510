/** How the gradient flows: its norm at every step, found in other ways, for all ways that steps are run. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Cell,
  clipNorm,
  compile,
  type CompileOptions,
  dense,
  DisposedError,
  elman,
  fit,
  gru,
  type Layer,
  lstm,
  OptionError,
  recurrent,
  sequential,
  type Session,
  sgd,
  squaredError,
  type StatisticsEvent,
} from "../../mod.ts";
import { notesGru } from "../../cells.ts";
import { encoderDecoder } from "../../models.ts";
import { Generator } from "../../src/random/generator.ts";
import { classifier, sums } from "../support/trainer/trainer_net.ts";

const T = 7, B = 3, I = 2, H = 5;
const CELLS: Record<string, () => Cell> = {
  elman,
  gru,
  "gru, reset before": () => gru({ reset: "before" }),
  "notes' gru": notesGru,
  lstm,
  "lstm with projection": () => lstm({ projection: 4 }),
  "lstm with peepholes": () => lstm({ peepholes: true }),
};

/** A net with all gradients flowing. */
function watched(net: Layer, options: Partial<CompileOptions> = {}): Promise<Session> {
  return compile(net, { batch: B, steps: T, train: true, gradientFlow: true, numerics: "exact", seed: 3, ...options });
}

function numbers(n: number, seed: number): Float32Array {
  const random = new Generator(seed);
  return Float32Array.from({ length: n }, () => random.uniform() * 2 - 1);
}

/** As the session makes norms: in doubles, row after row, rounded once. */
function norm(rows: readonly Float32Array[]): number {
  return Math.fround(Math.sqrt(rows.reduce((sum, row) => sum + row.reduce((part, x) => part + x * x, 0), 0)));
}

function rowsOf(values: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: values.length / width }, (_, i) => values.slice(i * width, (i + 1) * width));
}

for (const [name, cell] of Object.entries(CELLS)) {
  Deno.test(`${name}: what flows is the gradient of the states between two halves, and what comes from above`, async () => {
    const net = recurrent(cell(), { input: I, hidden: H }), width = net.output.width;
    using session = await watched(net);
    const x = numbers(T * B * I, 1), dOutput = numbers(T * B * width, 2);
    session.forward(x);
    session.backward(dOutput);
    const found = session.gradientFlow();
    assertEquals([...found.keys()], ["l0"]);
    for (let t = 0; t < T; t++) {
      const total = dOutput.slice(t * B * width, (t + 1) * B * width);
      if (t + 1 < T) {
        session.forward(x.subarray(0, (t + 1) * B * I));
        session.forward(x.subarray((t + 1) * B * I), { states: "carry" });
        const { dStates } = session.backward(dOutput.subarray((t + 1) * B * width));
        for (let i = 0; i < total.length; i++) total[i] = dStates.h_l0[i] + total[i];
      }
      assertEquals(found.get("l0")![t], norm(rowsOf(total, width)), `step ${t}`);
    }
  });
}

Deno.test("both directions are plain layers, told by the steps of the sequence; rows are those of runs of one", async () => {
  const single = recurrent(lstm(), { input: I, hidden: H }), lengths = [4, 7, 2];
  using both = await watched(recurrent(lstm(), { input: I, hidden: H, bidirectional: true }));
  using plain = await watched(single, { batch: 1 });
  const x = numbers(T * B * I, 1), dOutput = numbers(T * B * 2 * H, 2);
  both.forward(x, { lengths });
  both.backward(dOutput);
  const found = both.gradientFlow(), parameters = both.parameters();
  assertEquals([...found.keys()], ["l0", "l0_reverse"]);
  const column = (from: Float32Array, b: number, first: number, of: number, n: number) => {
    const rows = rowsOf(from, of).filter((_, row) => row % B === b).slice(0, lengths[b]);
    return rows.map((row) => row.slice(first, first + n));
  };
  for (const [d, [name, norms]] of [...found].entries()) {
    const own = [...plain.parameters().keys()].map((key) =>
      [key, parameters.get(d ? `${key}_reverse` : key)!] as const
    );
    plain.setParameters(new Map(own));
    const squares = new Float64Array(T);
    for (let b = 0; b < B; b++) {
      const inputs = column(x, b, 0, I, I), gradients = column(dOutput, b, d * H, 2 * H, H);
      if (d) inputs.reverse(), gradients.reverse();
      plain.forward(inputs.flatMap((row) => [...row]));
      plain.backward(gradients.flatMap((row) => [...row]));
      plain.gradientFlow().get("l0")!.forEach((value, s) => squares[d ? lengths[b] - 1 - s : s] += value * value);
    }
    // A norm of one row is rounded to f32, half a unit in 2^24, before its square goes into the sum.
    squares.forEach((sum, t) => assert(Math.abs(norms[t] / Math.sqrt(sum) - 1) < 2 ** -22, `${name}, step ${t}`));
  }
});

Deno.test("through layers and to the last output alone", async () => {
  const lower = recurrent(gru(), { input: I, hidden: H }),
    upper = recurrent(elman(), { input: H, hidden: 4, output: "last" });
  const x = numbers(T * B * I, 1), d = numbers(B * 4, 2);
  using whole = await watched(sequential({ a: lower, b: upper }));
  using first = await watched(lower), second = await watched(upper);
  for (const [prefix, part] of [["a.", first], ["b.", second]] as const) {
    part.setParameters(new Map([...whole.parameters()].filter(([name]) => name.startsWith(prefix))), {
      rename: { [prefix]: "" },
    });
  }
  for (const lengths of [undefined, [7, 1, 3]]) {
    whole.forward(x, { lengths });
    whole.backward(d);
    second.forward(first.forward(x, { lengths }), { lengths });
    first.backward(second.backward(d).dx!);
    const found = whole.gradientFlow();
    assertEquals([...found.keys()], ["a.l0", "b.l0"]);
    assertEquals(found.get("a.l0"), first.gradientFlow().get("l0"));
    assertEquals(found.get("b.l0"), second.gradientFlow().get("l0"));
    if (!lengths) assertEquals(found.get("b.l0")![T - 1], norm(rowsOf(d, 4)));
  }
});

const net = sequential({ rnn: recurrent(lstm(), { input: I, hidden: [6, 5] }), out: dense(5, 1) });
const LEARNING = { loss: squaredError(), optimizer: sgd({ learningRate: 0.1 }), clip: clipNorm(1e-3) };
const DATA = { x: numbers(T * B * I, 1), y: numbers(T * B, 2) };

Deno.test("watching changes no bit; threads, segments and batch-first order none of the norms", async () => {
  const lengths = [6, 7, 3];
  using plain = await watched(net, { ...LEARNING, gradientFlow: false });
  using session = await watched(net, LEARNING);
  using threads = await watched(net, { ...LEARNING, threads: 2 });
  using segments = await watched(net, { ...LEARNING, steps: 3, recompute: true });
  using rows = await watched(net, { ...LEARNING, batchFirst: true });
  const swapped = (from: Float32Array, n: number) =>
    from.map((_, i) => from[(Math.floor(i / n) % T * B + Math.floor(i / n / T)) * n + i % n]);
  rows.accumulate({ x: swapped(DATA.x, I), y: swapped(DATA.y, 1) }, { lengths });
  session.accumulate(DATA, { lengths });
  assertEquals(rows.gradientFlow(), session.gradientFlow());
  session.discard();
  for (let step = 0; step < 2; step++) {
    const told = [plain, session, threads, segments].map((each) => each.step(DATA, { lengths }).gradientNorm);
    assertEquals(told, told.map(() => told[0]));
    for (const each of [session, threads, segments]) assertEquals(each.parameters(), plain.parameters());
    assertEquals(threads.gradientFlow(), session.gradientFlow());
    assertEquals(segments.gradientFlow(), session.gradientFlow());
    assertEquals(session.gradientFlow().get("rnn.l1")!.length, T);
  }
  // The first segment alone, then a whole sequence again.
  const short = { x: DATA.x.subarray(0, 2 * B * I), y: DATA.y.subarray(0, 2 * B) };
  for (const each of [session, segments]) each.step(short);
  assertEquals(segments.gradientFlow(), session.gradientFlow());
  assertEquals(session.gradientFlow().get("rnn.l0")!.length, 2);
  const kept = session.gradientFlow();
  session.evaluate(DATA);
  session.stream().step([1, 2]);
  assertEquals(session.gradientFlow(), kept, "until the next backward");
});

Deno.test("a decoder's steps are its own", async () => {
  const encoder = recurrent(gru(), { input: I, hidden: H }), decoder = recurrent(gru(), { input: 3, hidden: H });
  using session = await watched(encoderDecoder({ encoder, decoder }), { decoderSteps: 4 });
  using alone = await watched(decoder, { steps: 4 });
  alone.setParameters(
    new Map([...session.parameters()].filter(([name]) => name.startsWith("decoder."))),
    { rename: { "decoder.": "" } },
  );
  const decoderInput = numbers(4 * B * 3, 3), dOutput = numbers(4 * B * H, 4), lengths = [7, 1, 3];
  session.forward(numbers(T * B * I, 1), { decoderInput, lengths });
  const states = session.states();
  session.backward(dOutput);
  alone.forward(decoderInput, { states: { h_l0: states["encoder.h_l0"] } });
  alone.backward(dOutput);
  const found = session.gradientFlow();
  assertEquals([...found].map(([name, norms]) => [name, norms.length]), [["encoder.l0", T], ["decoder.l0", 4]]);
  assertEquals(found.get("decoder.l0"), alone.gradientFlow().get("l0"));
});

Deno.test("a gradient of 1e-30 is told, though its square is no f32", async () => {
  using session = await watched(recurrent(elman(), { input: I, hidden: H }));
  session.forward(DATA.x);
  session.backward(new Float32Array(T * B * H).fill(1e-30));
  const norms = session.gradientFlow().get("l0")!;
  assert(Math.abs(norms[T - 1] / (1e-30 * Math.sqrt(B * H)) - 1) < 1e-6);
});

Deno.test("the trainer's statistics tell it of the last batch", async () => {
  const data = sums(12), found: StatisticsEvent[] = [], statistics = { every: 2, gradientFlow: true };
  using session = await classifier({ gradientFlow: true });
  for await (const event of fit(session, data, { epochs: 1, statistics, accumulate: 2, shuffle: false })) {
    if (event.type === "statistics") found.push(event);
  }
  assertEquals(found.map(({ step }) => step), [2]);
  assertEquals(found[0].gradientFlow, session.gradientFlow());
  assertEquals([...found[0].gradientFlow!.keys()], ["rnn.l0", "rnn.l1"]);
  assert(found[0].gradientFlow!.get("rnn.l0")!.every((value) => value > 0));
  for await (const event of fit(session, data, { epochs: 1, statistics: { every: 1 } })) {
    assert(!("gradientFlow" in event));
  }
  using quiet = await classifier();
  const refused = await Array.fromAsync(fit(quiet, data, { statistics })).catch((error) => error);
  assert(refused instanceof OptionError && refused.message.includes("compiled without"), `${refused}`);
});

Deno.test("what cannot be told is refused", async () => {
  const error = await compile(net, { batch: 1, steps: 1, gradientFlow: true }).catch((error) => error);
  assert(error instanceof OptionError && error.message.includes('"gradientFlow"'), `${error}`);
  using plain = await watched(net, { gradientFlow: false });
  assertThrows(() => plain.gradientFlow(), OptionError, "compiled without");
  const session = await watched(net);
  assertThrows(() => session.gradientFlow(), OptionError, "there was no backward");
  session.forward(DATA.x);
  assertThrows(() => session.gradientFlow(), OptionError, "there was no backward");
  session[Symbol.dispose]();
  assertThrows(() => session.gradientFlow(), DisposedError);
});

Deno.test("a decoder has its own steps, behind which nothing flows; the encoder's flow comes over the bridge", async () => {
  const rnn = recurrent(gru(), { input: I, hidden: H }), net = encoderDecoder({ encoder: rnn, decoder: rnn });
  for (const decoderSteps of [4, 9]) {
    using session = await watched(net, { decoderSteps });
    const decoderInput = numbers(decoderSteps * B * I, 2), dOutput = numbers(decoderSteps * B * H, 3);
    session.forward(numbers(T * B * I, 1), { decoderInput, lengths: [T, 3, 5] });
    session.backward(dOutput);
    const flow = session.gradientFlow(), written = flow.get("decoder.l0")!, read = flow.get("encoder.l0")!;
    assertEquals([written.length, read.length], [decoderSteps, T]);
    assertEquals(written.at(-1), norm(rowsOf(dOutput.subarray(-B * H), H)));
    assert(written.every((value) => value > 0) && read.every((value) => value > 0));
  }
});
