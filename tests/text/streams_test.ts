import { assert, assertEquals, assertThrows } from "@std/assert";
import { OptionError } from "../../src/errors.ts";
import { splitText, streams } from "../../src/text/streams.ts";

/** The numbers 0 to n - 1, so that each token is its index in the sequence. */
const count = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

Deno.test("each stream walks through its part of the sequence, for all N, B and T", () => {
  for (let n = 2; n <= 30; n++) {
    for (let batch = 1; batch < n && batch <= 5; batch++) {
      for (let unroll = 1; unroll <= 8; unroll++) {
        const epoch = streams(count(n), { batch, unroll });
        const length = Math.floor((n - 1) / batch);
        assertEquals(epoch.length, length);
        const inputs: number[][] = Array.from({ length: batch }, () => []), targets = structuredClone(inputs);
        let windows = 0;
        for (const { x, y, steps } of epoch) {
          windows++;
          assertEquals([x.length, y.length], [steps * batch, steps * batch]);
          assert(steps === unroll || windows === epoch.windows && steps >= 1 && steps < unroll);
          for (let i = 0; i < x.length; i++) {
            inputs[i % batch].push(x[i]);
            targets[i % batch].push(y[i]);
          }
        }
        assertEquals(windows, epoch.windows);
        for (let b = 0; b < batch; b++) {
          const part = Array.from({ length }, (_, i) => b * length + i);
          assertEquals(inputs[b], part);
          assertEquals(targets[b], part.map((token) => token + 1));
        }
      }
    }
  }
});

Deno.test("windows share their buffers, and all epochs are equal", () => {
  const epoch = streams(count(12), { batch: 2, unroll: 2 });
  const buffers = new Set<ArrayBufferLike>();
  const epochs = [0, 1].map(() =>
    Array.from(epoch, ({ x, y }) => {
      buffers.add(x.buffer).add(y.buffer);
      return [...x, ...y];
    })
  );
  assertEquals(epochs[0], epochs[1]);
  assertEquals(buffers.size, 2);
});

Deno.test("a window can be requested out of order", () => {
  const epoch = streams(count(12), { batch: 2, unroll: 2 });
  assertEquals(epoch.windows, 3);
  assertEquals(epoch.at(2).x, Int32Array.of(4, 9));
  assertEquals(epoch.at(1).x, Int32Array.of(2, 7, 3, 8));
  assertThrows(() => epoch.at(3), OptionError, '"index" must be an integer from 0 to 2, got 3');
});

Deno.test("too short a sequence is refused", () => {
  assertEquals(streams(count(5), { batch: 4, unroll: 9 }).windows, 1);
  for (const n of [0, 1, 4]) {
    const error = assertThrows(() => streams(count(n), { batch: 4, unroll: 9 }), OptionError);
    assertEquals(error.message, `Cannot cut "tokens" into 4 streams: expected at least 5 tokens, got ${n}`);
  }
  assertThrows(() => streams(count(9), { batch: 0, unroll: 1 }), OptionError, '"batch"');
  assertThrows(() => streams(count(9), { batch: 1, unroll: 0.5 }), OptionError, '"unroll"');
});

Deno.test("splitText keeps all text and splits no character", () => {
  const text = "a😀😀b";
  for (let cut = 0; cut <= text.length; cut++) {
    const { train, validation } = splitText(text, cut / text.length);
    assertEquals(train + validation, text);
    assert(train.isWellFormed() && validation.isWellFormed());
    assert(train.length === cut || train.length === cut - 1);
  }
  assertEquals(splitText("a😀", 2 / 3), { train: "a", validation: "😀" });
  assertEquals(splitText(""), { train: "", validation: "" });
  assertEquals(splitText("x".repeat(10)).train.length, 9);
});

Deno.test("splitText refuses fractions out of range", () => {
  for (const fraction of [-0.1, 1.1, NaN]) {
    const error = assertThrows(() => splitText("text", fraction), OptionError);
    assertEquals(error.message, `"fraction" must be a number from 0 to 1, got ${fraction}`);
  }
});
