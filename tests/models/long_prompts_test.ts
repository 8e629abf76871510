/** A long prompt is read in pieces: the bits of reading it token by token, with turns for the event loop. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { compile, LanguageModel, lstm, mostProbable } from "../../mod.ts";
import { CompiledNet } from "../../src/runtime/compiled_net.ts";

const TEXT = "the cat sat on the mat. the dog sat on the log. ".repeat(60);
const model = () => LanguageModel.create(TEXT, { cell: lstm(), hidden: 16, seed: 1, numerics: "exact" });

Deno.test("a prompt in pieces has the bits of one read token by token", async () => {
  using written = await model();
  await written.fit(TEXT, { steps: 30 });
  using net = await compile(written.net, { batch: 1, steps: 1, numerics: "exact" });
  net.setParameters(written.parameters());
  let scores!: Float32Array;
  const reader = net.stream();
  for (const token of written.vocabulary.encode(TEXT)) scores = reader.step([token]);
  const text: string[] = [];
  for (let i = 0; i < 10; i++) {
    const token = mostProbable(scores);
    text.push(written.vocabulary.decode([token]));
    scores = reader.step([token]);
  }
  assertEquals(await written.write({ prompt: TEXT, length: 10, temperature: 0 }), text.join(""));
});

Deno.test("the net runs once for a piece of the prompt, not once for a token, and its decoder on one step", async () => {
  using written = await model();
  const { forward } = CompiledNet.prototype;
  let calls = 0;
  CompiledNet.prototype.forward = function (...args) {
    calls++;
    const logits = forward.apply(this, args);
    assertEquals(logits.length, written.vocabulary.size);
    return logits;
  };
  try {
    await written.write({ prompt: TEXT, length: 1, temperature: 0 });
  } finally {
    CompiledNet.prototype.forward = forward;
  }
  assert(calls < TEXT.length / 50, `${calls} calls for ${TEXT.length} tokens`);
});

Deno.test("a signal ends every long call", async () => {
  using written = await model();
  const prompt = TEXT.repeat(50);
  const calls = {
    write: (signal: AbortSignal) => written.write({ prompt, signal }),
    generate: (signal: AbortSignal) => Array.fromAsync(written.generate({ prompt, signal })),
    beamSearch: (signal: AbortSignal) => written.beamSearch({ prompt, signal }),
    states: (signal: AbortSignal) => written.states(prompt, { signal }),
    evaluate: (signal: AbortSignal) => written.evaluate(prompt, { signal }),
    fit: async (signal: AbortSignal) => await written.fit(prompt, { signal, epochs: 100 }),
  };
  for (const [name, call] of Object.entries(calls)) {
    const controller = new AbortController(), reason = new Error(`enough of ${name}`);
    // The timer runs only if the call gives the event loop its turns.
    setTimeout(() => controller.abort(reason), 1);
    const error = await assertRejects(() => call(controller.signal), Error);
    assertEquals(error, reason);
  }
});
