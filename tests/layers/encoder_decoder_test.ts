/** Encoder-decoder nets in the exact build, bit for bit: rows are independent, padding changes nothing. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  adam,
  clipNorm,
  compile,
  type CompileOptions,
  crossEntropy,
  dense,
  gru,
  type Layer,
  lstm,
  NonFiniteError,
  OptionError,
  recurrent,
  sequential,
  type Session,
  ShapeError,
} from "../../mod.ts";
import { pool } from "../../layers.ts";
import { attention, encoderDecoder, luong } from "../../models.ts";
import { Generator } from "../../src/random/generator.ts";
import { NETS, V, W } from "../support/layers/encoder_decoder_nets.ts";
import { transposed } from "../support/layers/padding.ts";

const S = 6, T = 4, B = 5, LENGTHS = [4, 6, 1, 3, 6];
const SIZE = { batch: B, steps: S, decoderSteps: T, numerics: "exact" } as const;

function draw(seed: number, rows: number, limit: number): Int32Array {
  const random = new Generator(seed);
  return Int32Array.from({ length: rows * B }, () => random.integer(limit));
}

const X = draw(1, S, V), IN = draw(2, T, W), Y = draw(3, T, W);

function column(data: Int32Array, b: number, steps: number): Int32Array {
  return Int32Array.from({ length: steps }, (_, t) => data[t * B + b]);
}

for (const [name, net] of Object.entries(NETS)) {
  Deno.test(`a batch == its rows alone, whatever the padding: ${name}`, async () => {
    using session = await compile(net(), SIZE);
    const output = session.forward(X, { lengths: LENGTHS, decoderInput: IN });
    const seen = attention(session);
    const other = X.map((token, i) => Math.floor(i / B) < LENGTHS[i % B] ? token : (token + 1) % V);
    assertEquals(session.forward(other, { lengths: LENGTHS, decoderInput: IN }), output);
    for (const [b, length] of LENGTHS.entries()) {
      const alone = session.forward(column(X, b, length), { batch: 1, decoderInput: column(IN, b, T) });
      const own = Array.from({ length: T }, (_, t) => [...output.subarray((t * B + b) * W, (t * B + b + 1) * W)]);
      assertEquals([...alone], own.flat(), `row ${b}`);
      for (const [weights, { data, shape }] of attention(session)) {
        assertEquals(shape, [T, 1, length]);
        const all = seen.get(weights)!;
        assertEquals(all.shape, [T, B, S]);
        for (let t = 0; t < T; t++) {
          const row = all.data.subarray((t * B + b) * S, (t * B + b + 1) * S), sum = row.reduce((x, y) => x + y);
          assertEquals([...row], [...data.subarray(t * length, (t + 1) * length), ...new Array(S - length).fill(0)]);
          assertAlmostEquals(sum, 1, 1e-6);
        }
      }
    }
  });

  Deno.test(`batch-first == time-major, transposed: ${name}`, async () => {
    using session = await compile(net(), SIZE), first = await compile(net(), { ...SIZE, batchFirst: true });
    const output = session.forward(X, { lengths: LENGTHS, decoderInput: IN });
    const other = first.forward(transposed(X, S, B), { lengths: LENGTHS, decoderInput: transposed(IN, T, B) });
    assertEquals(transposed(other, B, T), output);
    for (const [weights, { shape, data }] of attention(first)) {
      assertEquals(shape, [B, T, S]);
      assertEquals(transposed(data, B, T), attention(session).get(weights)!.data);
    }
  });

  for (const numerics of ["exact", "fast"] as const) {
    Deno.test(`two, three and four threads have the bits of one: ${name}, ${numerics}`, async () => {
      const options = { ...SIZE, numerics, ...learning() };
      using plain = await compile(net(), options);
      const want = train(plain);
      for (const threads of [2, 3, 4]) {
        using session = await compile(net(), { ...options, threads });
        assertEquals(session.threads, threads);
        assertEquals(train(session), want, `${threads} threads`);
      }
    });
  }
}

function learning(): Partial<CompileOptions> {
  return { loss: crossEntropy({ ignoreIndex: 0 }), optimizer: adam({ learningRate: 0.01 }), clip: clipNorm(1) };
}

function train(session: Session): unknown[] {
  const losses: number[] = [];
  for (let i = 0; i < 4; i++) {
    const call = i % 2 ? { lengths: LENGTHS, decoderInput: IN } : { decoderInput: IN.subarray(0, B * 2) };
    losses.push(session.step({ x: X, y: i % 2 ? Y : Y.subarray(0, B * 2) }, call).loss);
  }
  return [losses, session.parameters(), session.gradients(), attention(session)];
}

Deno.test("targets that do not count are padding: a shorter decoder has the same gradients", async () => {
  for (const [name, net] of Object.entries(NETS)) {
    if (name.includes("dropout") || name.includes("two layers")) continue; // masks differ with T
    const options = { ...SIZE, ...learning(), clip: undefined };
    using session = await compile(net(), options), long = await compile(net(), options);
    const y = Y.map((class_) => class_ || 1), padding = Int32Array.from(y).fill(0, B * 2);
    const short = session.accumulate(
      { x: X, y: y.subarray(0, B * 2) },
      { lengths: LENGTHS, decoderInput: IN.subarray(0, B * 2) },
    );
    assertEquals(long.accumulate({ x: X, y: padding }, { lengths: LENGTHS, decoderInput: IN }), short, name);
    assertEquals(long.gradients(), session.gradients(), name);
  }
});

Deno.test("a decoder's outputs have the decoder's steps, in every call", async () => {
  using session = await compile(NETS["luong, general"](), { ...SIZE, ...learning(), decoderSteps: 9 });
  const decoderInput = draw(4, 9, W);
  assertEquals(session.forward(X, { decoderInput }).length, 9 * B * W);
  assertEquals(session.probabilities(X, { decoderInput }).length, 9 * B * W);
  assertEquals(session.output().length, 9 * B * W);
  const y = draw(5, 9, W - 1).map((class_) => class_ + 1);
  assertEquals(session.losses({ x: X, y }, { decoderInput }).length, 9 * B);
  assertEquals(session.evaluate({ x: X, y }, { decoderInput }).count, 9 * B);
  assertEquals([...session.activations().keys()], [
    "encoder.embedding",
    "encoder.rnn.l0",
    "decoder.embedding",
    "decoder.rnn.l0",
    "decoder.attention",
    "decoder.output",
  ]);
});

Deno.test("the first tensor that is not finite is named, in encoder and decoder", async () => {
  const found = async (net: Layer, name: string | undefined, decoderInput: ArrayLike<number>, steps: object) => {
    using session = await compile(net, { ...SIZE, ...learning(), ...steps });
    const parameters = new Map([...session.parameters()].map(([key, { shape, data }]) => {
      return [key, { shape, data: key === name ? data.fill(NaN, 0, 1) : data }];
    }));
    session.setParameters(parameters);
    const y = Y.map((class_) => class_ || 1), x = net.input.kind === "tokens" ? X : X.map(() => 1);
    const { layer, tensor } = assertThrows(() => session.step({ x, y }, { decoderInput }), NonFiniteError);
    return [layer, tensor];
  };
  const tokens = NETS["luong, general"]();
  for (const layer of ["encoder.embedding", "decoder.rnn", "decoder.attention"]) {
    const name = Object.keys(tokens.parameters).find((name) => name.startsWith(layer))!;
    assertEquals(await found(tokens, name, IN.map(() => 0), {}), [layer, name]);
  }
  const rnn = recurrent(gru(), { input: 1, hidden: W });
  const values = encoderDecoder({ encoder: rnn, decoder: rnn });
  assertEquals(await found(values, undefined, new Float32Array(T * B).fill(NaN), {}), [undefined, "decoderInput"]);
});

Deno.test("calls that an encoder-decoder cannot run are refused", async () => {
  using session = await compile(NETS["luong, general"](), { ...SIZE, ...learning(), recompute: true });
  const decoderInput = IN, call = { decoderInput };
  const refused = (run: () => unknown, kind: typeof OptionError | typeof ShapeError, text: string) =>
    assertThrows(run, kind, text);
  refused(() => session.forward(X), OptionError, '"decoderInput" must be given for a net with a decoder');
  refused(
    () => session.forward(X, { decoderInput: [1, 2] }),
    ShapeError,
    '"decoderInput" must have shape [T, 5] with T',
  );
  refused(() => session.forward(X, { decoderInput: draw(1, T + 1, W) }), ShapeError, "with T from 1 to 4, got 25 elem");
  refused(() => session.forward(X, { decoderInput: IN.map(() => W) }), OptionError, "decoderInput");
  refused(() => session.forward(X, { ...call, states: "carry" }), OptionError, "Cannot carry states");
  refused(() => session.stream(), OptionError, "Cannot make a stream: an encoder-decoder must see a sequence whole");
  refused(
    () => session.step({ x: draw(1, 2 * S, V), y: Y }, call),
    OptionError,
    "Cannot recompute: an encoder-decoder",
  );
  refused(() => attention(session), OptionError, "there was no call");
  using plain = await compile(dense(2, 2), { batch: 1, steps: 1 });
  refused(() => plain.forward([1, 2], call), OptionError, "this net has none");
  plain.forward([1, 2]);
  refused(() => attention(plain), OptionError, "the net has no decoder");
});

Deno.test("an encoder and a decoder that do not fit are refused", async () => {
  const rnn = (hidden: number, more = {}, cell = gru()) => recurrent(cell, { input: 2, hidden, ...more });
  const made = (encoder: Layer, decoder: Layer, bridge?: "copy") => () => encoderDecoder({ encoder, decoder, bridge });
  assertThrows(
    made(rnn(3), rnn(4), "copy"),
    ShapeError,
    "encoder's states are encoder.h_l0 (3), the decoder's decoder.h",
  );
  assertThrows(made(rnn(3, { layers: 2 }), rnn(3)), ShapeError, "both must have as many layers and states");
  assertThrows(made(rnn(3), rnn(3, {}, lstm())), ShapeError, "both must have as many layers and states");
  assertThrows(made(rnn(3), rnn(3, { output: "last" })), ShapeError, "one row of values for each step");
  assertThrows(made(rnn(3), rnn(3, { bidirectional: true })), ShapeError, "a bidirectional net in a decoder");
  assertThrows(made(rnn(3), sequential({ rnn: rnn(3), pool: pool(3, "mean") })), ShapeError, "one row of values");
  assertThrows(made(rnn(3), rnn(3, { initialStates: "learned" })), ShapeError, "learned first states");
  const seen = sequential({ rnn: rnn(3), attention: luong(3, { source: 3 }) });
  assertThrows(
    made(rnn(3, { output: "last" }), seen),
    ShapeError,
    "the decoder of an encoder that gives values for each",
  );
  const wrong = sequential({ rnn: rnn(3), attention: luong(3, { source: 5 }) });
  assertThrows(made(rnn(3), wrong), ShapeError, '"source" is 5, the encoder gives rows of 3');
  const summary = encoderDecoder({ encoder: rnn(3, { output: "last" }), decoder: rnn(3) });
  using session = await compile(summary, { batch: 1, steps: 2 });
  assertEquals(session.forward([1, 2, 3, 4], { decoderInput: [1, 2, 3, 4] }).length, 6);
});
