import { assert, assertEquals } from "@std/assert";
import { gradientCheck } from "../../check.ts";
import { crossEntropy, dense, embedding, gru, lstm, recurrent, sequential, sgd } from "../../mod.ts";
import { draw, pass, range } from "../support/cells/trial.ts";
import { assertRight } from "../support/gradients/assert_right.ts";
import { cellRoundings, walk } from "../support/rounding.ts";
import { CELLS, exact } from "../support/layers/cells.ts";

const T = 5, B = 4, I = 3, H = 6, PLAN = { batch: B, steps: T };
const BUILDS = walk(2 * cellRoundings({ T, B, I: 8, H }));

for (const [name, cell] of Object.entries(CELLS)) {
  const net = recurrent(cell(), { input: I, hidden: H, layers: 2, bidirectional: true, initialStates: "learned" });
  const data = draw(net, { T, B }, 1);

  Deno.test(`${name}: learned initial states == the same states given, their gradient is the rows' sum`, async () => {
    using session = await exact(net, PLAN);
    const parameters = session.parameters(), states = Object.keys(data.states);
    const learned = states.map((name) => parameters.get(`initial_${name}`)!);
    for (const { shape, data } of learned) {
      assertEquals(shape, [data.length]);
      assert(data.every((value) => value === 0), "they begin as zeros");
      data.forEach((_, i) => data[i] = Math.fround(Math.sin(i)));
    }
    session.setParameters(parameters);
    const given = Object.fromEntries(states.map((name, i) => [name, repeated(learned[i].data, B)]));
    for (const lengths of [undefined, [2, 5, 1, 3]]) {
      const want = pass(session, { ...data, states: given }, B, { lengths });
      const got = pass(session, { ...data, states: "zero" }, B, { lengths });
      for (const [tensor, values] of Object.entries(want)) {
        if (!tensor.includes("initial_")) assertEquals(got[tensor], values, tensor);
        else assert(values.every((value) => value === 0), `${tensor} without having been used`);
      }
      // Rows are added from the last to the first, in the session's order when there are lengths.
      const order = lengths ? range(B).toSorted((a, b) => lengths[b] - lengths[a]) : range(B);
      for (const name of states) {
        const rows = want[`d ${name}`], width = rows.length / B, sum = new Float32Array(width);
        for (const row of order.toReversed()) sum.forEach((_, i) => sum[i] += rows[row * width + i]);
        assertEquals(got[`gradient initial_${name}`], sum);
      }
      const carried = pass(session, { ...data, states: "carry" }, B);
      for (const name of states) assert(carried[`gradient initial_${name}`].every((value) => value === 0), "carried");
    }
  });

  Deno.test(`${name}: gradients of learned initial states against central differences`, async () => {
    const V = 5, rnn = recurrent(cell(), { input: I, hidden: [4, 3], bidirectional: true, initialStates: "learned" });
    const whole = sequential({ input: embedding(V, I), rnn, decoder: dense(rnn.output.width, V) });
    for (const lengths of [undefined, [2, 5, 1, 3]]) {
      for (const loss of [undefined, crossEntropy()]) {
        const check = await gradientCheck(whole, { batch: B, steps: T, lengths, loss });
        assert(check.findings.some(({ tensor }) => tensor === "rnn.initial_h_l1_reverse"));
        assertRight(check, BUILDS, `lengths ${lengths}`);
      }
    }
  });
}

Deno.test("a first call with carried states starts from the learned states, like every call from zero", async () => {
  const rnn = recurrent(gru(), { input: I, hidden: H, initialStates: "learned" }), { x } = draw(rnn, { T, B }, 3);
  using session = await exact(rnn, PLAN);
  const parameters = session.parameters();
  parameters.get("initial_h_l0")!.data.fill(0.5);
  session.setParameters(parameters);
  const first = session.forward(x, { states: "carry" });
  assertEquals(session.forward(x, { states: "zero" }), first);
  assertEquals(session.forward(x, { states: { h_l0: new Float32Array(B * H).fill(0.5) } }), first);
});

Deno.test("training changes learned initial states", async () => {
  const net = sequential({
    rnn: recurrent(lstm(), { input: I, hidden: H, initialStates: "learned" }),
    decoder: dense(H, 3),
  });
  using session = await exact(net, { ...PLAN, loss: crossEntropy(), optimizer: sgd({ learningRate: 1 }) });
  const { x } = draw(net, { T, B }, 4), y = range(T * B).map((i) => i % 3);
  session.step({ x, y });
  for (const state of ["h", "c"]) {
    const name = `rnn.initial_${state}_l0`, { data } = session.parameters().get(name)!;
    const gradient = session.gradients().get(name)!.data;
    assert(data.some((value) => value !== 0));
    assertEquals(data, gradient.map((value) => -value));
  }
});

function repeated(row: Float32Array, times: number): Float32Array {
  return Float32Array.from({ length: times * row.length }, (_, i) => row[i % row.length]);
}
