/** The padding token of an embedding: its vector is zeros and does not change; other vectors train as usual. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { adamw, crossEntropy, dense, embedding, OptionError, recurrent, sequential } from "../../mod.ts";
import { CELLS, exact } from "../support/layers/cells.ts";

const V = 5, WIDTH = 3, PADDING = 2, B = 2, T = 4, x = [0, 2, 1, 2, 2, 4, 3, 2], y = [1, 2, 3, 4, 0, 1, 2, 3];
const net = (paddingIndex?: number) =>
  sequential({
    embedding: embedding(V, WIDTH, { paddingIndex }),
    rnn: recurrent(CELLS.lstm(), { input: WIDTH, hidden: 4 }),
    decoder: dense(4, V),
  });
const OPTIONS = { batch: B, steps: T, loss: crossEntropy(), optimizer: adamw({ weightDecay: 0.1 }), seed: 3 };
const row = (data: Float32Array, token: number) => data.slice(token * WIDTH, (token + 1) * WIDTH);

Deno.test("the vector of the padding is initially zeros, and stays while others train", async () => {
  using session = await exact(net(PADDING), OPTIONS);
  using other = await exact(net(), OPTIONS);
  const weight = () => session.parameters().get("embedding.weight")!.data, first = weight();
  for (let token = 0; token < V; token++) {
    const without = row(other.parameters().get("embedding.weight")!.data, token);
    assertEquals(row(first, token), token === PADDING ? new Float32Array(WIDTH) : without);
  }
  for (let step = 0; step < 3; step++) {
    session.step({ x, y });
    assertEquals(row(session.gradients().get("embedding.weight")!.data, PADDING), new Float32Array(WIDTH));
  }
  assertEquals(row(weight(), PADDING), new Float32Array(WIDTH));
  assert([0, 1, 3, 4].every((token) => row(weight(), token).some((value, i) => value !== row(first, token)[i])));
});

Deno.test("the other gradients are those without padding, also when parts are accumulated", async () => {
  using session = await exact(net(PADDING), OPTIONS);
  using other = await exact(net(), OPTIONS);
  other.setParameters(session.parameters());
  for (const each of [session, other]) {
    each.accumulate({ x, y });
    each.accumulate({ x: y, y: x });
  }
  const got = session.gradients(), want = other.gradients();
  want.get("embedding.weight")!.data.fill(0, PADDING * WIDTH, (PADDING + 1) * WIDTH);
  assertEquals(got, want);
});

Deno.test("a padding index that is not a token is refused", () => {
  for (const index of [-1, V, 1.5]) {
    assertThrows(() => embedding(V, WIDTH, { paddingIndex: index }), OptionError, '"paddingIndex"');
  }
});
