/** A decoder that goes step by step. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  adam,
  beamSearch,
  compile,
  crossEntropy,
  dense,
  DisposedError,
  elman,
  gru,
  mostProbable,
  OptionError,
  recurrent,
  sequential,
  ShapeError,
} from "../../mod.ts";
import { load } from "../../inference.ts";
import { attention, decode, encoderDecoder, luong } from "../../models.ts";
import { Generator } from "../../src/random/generator.ts";
import { NETS, V, W } from "../support/layers/encoder_decoder_nets.ts";

const S = 5, T = 4, B = 3, LENGTHS = [2, 5, 4];
const random = new Generator(5);
const X = Int32Array.from({ length: S * B }, () => random.integer(V));
const IN = Int32Array.from({ length: T * B }, () => random.integer(W));
const SIZE = { batch: B, steps: S, decoderSteps: T, numerics: "exact", seed: 3 } as const;

/** All rows of step t of a `[T, B, width]` tensor. */
function step<A extends Float32Array | Int32Array>(data: A, t: number): A {
  const size = data.length / T;
  return data.subarray(t * size, (t + 1) * size) as A;
}

for (const [name, net] of Object.entries(NETS)) {
  Deno.test(`step by step is the whole, also of a loaded net: ${name}`, async () => {
    using session = await compile(net(), SIZE);
    const want = session.forward(X, { lengths: LENGTHS, decoderInput: IN }), seen = attention(session);
    const { batch, steps, numerics } = SIZE;
    using loaded = await load(net(), session.parameters(), { batch, steps, numerics });
    // The kernels of loaded nets have no masks.
    for (const runner of name.includes("dropout") ? [session] : [session, loaded]) {
      const decoder = decode(runner, X, { lengths: LENGTHS }), output = new Float32Array(B * W);
      assertEquals(decoder.batch, B);
      for (let t = 0; t < T; t++) {
        assertEquals(decoder.step(step(IN, t), output), step(want, t), `step ${t}`);
        for (const [weights, { shape, data }] of decoder.attention()) {
          assertEquals(shape, [1, B, S]);
          assertEquals(data, step(seen.get(weights)!.data, t));
        }
      }
    }
  });

  Deno.test(`rows of a decoder can be exchanged: ${name}`, async () => {
    using session = await compile(net(), SIZE);
    const x = Int32Array.from({ length: S * B }, (_, i) => X[Math.floor(i / B) * B]); // one source in all rows
    const want = session.forward(x, { decoderInput: IN });
    const decoder = decode(session, x);
    for (let t = 0; t < 2; t++) decoder.step(step(IN, t));
    decoder.select([2, 0, 0]);
    const chosen = (data: Int32Array, from: number[]) => from.map((b) => data[b]);
    const output = decoder.step(chosen(step(IN, 2), [2, 0, 0]));
    for (const [b, from] of [2, 0, 0].entries()) {
      assertEquals(output.subarray(b * W, (b + 1) * W), step(want, 2).subarray(from * W, (from + 1) * W));
    }
  });
}

Deno.test("a decoder of values, and threads", async () => {
  const rnn = (input: number) => recurrent(elman(), { input, hidden: 4 });
  const decoder = sequential({ rnn: rnn(2), attention: luong(4, { source: 4 }), output: dense(4, 2) });
  const net = encoderDecoder({ encoder: rnn(1), decoder });
  using plain = await compile(net, SIZE), threaded = await compile(net, { ...SIZE, threads: 2 });
  const x = X.map((v) => v / 9), decoderInput = Float32Array.from({ length: T * B * 2 }, (_, i) => Math.sin(i));
  const want = plain.forward(x, { lengths: LENGTHS, decoderInput });
  const going = decode(threaded, x, { lengths: LENGTHS });
  for (let t = 0; t < T; t++) assertEquals(going.step(step(decoderInput, t)), step(want, t));
});

Deno.test("a decoder ends with the next other call, and leaves the session's states", async () => {
  const options = { ...SIZE, loss: crossEntropy(), optimizer: adam() };
  using session = await compile(NETS["luong, general"](), options);
  session.forward(X, { decoderInput: IN });
  const states = session.states();
  const calls: Record<string, () => unknown> = {
    forward: () => session.forward(X, { decoderInput: IN }),
    evaluate: () => session.evaluate({ x: X, y: IN }, { decoderInput: IN }),
    setParameters: () => session.setParameters(session.parameters()),
    decode: () => decode(session, X),
    "another step": () => decode(session, X).step(step(IN, 0)),
  };
  for (const [name, call] of Object.entries(calls)) {
    const decoder = decode(session, X);
    decoder.step(step(IN, 0));
    call();
    assertThrows(() => decoder.step(step(IN, 1)), OptionError, "another call has used the session's memory", name);
    assertThrows(() => decoder.attention(), OptionError, "another call", name);
  }
  const decoder = decode(session, X);
  decoder.step(step(IN, 0));
  assertEquals(Object.keys(session.states()), Object.keys(states));
  assertThrows(() => session.backward(new Float32Array(T * B * W)), OptionError, "forward of its own");
  assertThrows(() => attention(session), OptionError, "memory does not hold");
  decoder.step(step(IN, 1));
});

Deno.test("what is no step is refused, and changes nothing", async () => {
  const session = await compile(NETS["bahdanau, gru"](), SIZE);
  const want = session.forward(X, { decoderInput: IN }), decoder = decode(session, X);
  assertThrows(() => decoder.step([1, 2]), ShapeError, '"x" must be one step of 3 rows of 1, got 2 elements');
  assertThrows(() => decoder.step([1, 2, W]), OptionError, '"x"');
  assertThrows(() => decoder.step([1, 2, 3], new Float32Array(2)), ShapeError, '"output" must have 21 elements');
  assertThrows(() => decoder.select([0, 1]), ShapeError, "Cannot select");
  assertThrows(() => decoder.select([0, 1, 3]), OptionError, "rows");
  assertThrows(() => decode(session, X, { lengths: [1, 2, 6] }), OptionError, '"lengths"');
  assertThrows(() => decode(session, X, { batch: -1 }), OptionError, '"batch"');
  assertEquals(decoder.step(step(IN, 0)), step(want, 0));
  session[Symbol.dispose]();
  assertThrows(() => decoder.step(step(IN, 0)), DisposedError);
  using plain = await compile(recurrent(gru(), { input: 1, hidden: 2 }), { batch: 1, steps: 1 });
  assertThrows(() => decode(plain, [1]), OptionError, "the net has no decoder");
});

Deno.test("a beam as wide as there are sequences finds the most probable one", async () => {
  const end = 0, begin = 1, length = 3, width = W ** 2;
  using session = await compile(NETS["luong, concat"](), { batch: width, steps: S, decoderSteps: length, seed: 8 });
  const x = Int32Array.from({ length: S * width }, (_, i) => X[Math.floor(i / width) * B]);
  const options = { length, stop: [end], without: [begin], lengthPenalty: 0 };
  const [best] = await beamSearch(decode(session, x), [begin], options);

  const one = Int32Array.from({ length: S }, (_, s) => X[s * B]);
  let most = -Infinity, found: number[] = [];
  /** All sequences from here on. */
  function walk(tokens: number[], logProbability: number): void {
    if (tokens.at(-1) === end || tokens.length === length) {
      if (logProbability > most) [most, found] = [logProbability, tokens];
      return;
    }
    const rows = session.probabilities(one, { batch: 1, decoderInput: [begin, ...tokens] });
    const row = rows.slice(tokens.length * W);
    for (let token = 0; token < W; token++) {
      if (token !== begin) walk([...tokens, token], logProbability + Math.log(row[token]));
    }
  }
  walk([], 0);
  assertEquals(best.tokens, found);
  assertAlmostEquals(best.logProbability, most, 1e-4);

  let token = begin;
  const [first] = await beamSearch(decode(session, one, { batch: 1 }), [begin], { ...options, without: [] });
  const again = decode(session, one, { batch: 1 }), written: number[] = [];
  for (; written.length < length && token !== end; written.push(token)) token = mostProbable(again.step([token]));
  assertEquals(first.tokens, written);
});
