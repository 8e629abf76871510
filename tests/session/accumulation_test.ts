import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { clipNorm, compile, crossEntropy, NonFiniteError, OptionError, type Session, sgd } from "../../mod.ts";
import { compileReference } from "../support/compile_reference.ts";
import { assertSame, type Results } from "../support/cells/trial.ts";
import { distance, size, U } from "../support/rounding.ts";
import { SMALL, smallData, smallNet } from "../support/session/small_net.ts";

const B = 4, T = SMALL.steps;
const OPTIONS = { batch: B, steps: T, loss: crossEntropy({ ignoreIndex: 0 }), optimizer: sgd(), clip: clipNorm(0.5) };
const whole = smallData(T, B);

/** Rows `from` to `to` of the whole batch. */
function rows(from: number, to: number) {
  const pick = (data: Int32Array) => data.filter((_, i) => i % B >= from && i % B < to);
  return { x: pick(whole.x), y: pick(whole.y) };
}

function gradients(session: Session): Results {
  return Object.fromEntries([...session.gradients()].map(([name, { data }]) => [name, data]));
}

for (const parts of [[1, 3], [2, 2], [1, 1, 1, 1]]) {
  for (const arithmetic of ["f64", "exact"]) {
    Deno.test(`parts of ${parts} rows accumulated are a step on all, ${arithmetic}`, async () => {
      using split = arithmetic === "f64"
        ? compileReference(smallNet(), OPTIONS, "f64")
        : await compile(smallNet(), { ...OPTIONS, numerics: "exact" });
      using once = compileReference(smallNet(), OPTIONS, "f64");
      let at = 0, sum = 0, count = 0;
      for (const part of parts) {
        const result = split.accumulate(rows(at, at += part), { batch: part });
        sum += result.loss * result.count;
        count += result.count;
      }
      const accumulated = gradients(split);
      const { loss, ...update } = once.step(whole), { gradientNorm, learningRate } = split.update();
      // Copies come as f32. In single precision the gradients have the roundings of a sum over T B rows and of a
      // scaling a part.
      const tolerance = arithmetic === "f64" ? U : (T * B + 2 * parts.length) * U;
      assertAlmostEquals(sum / count, loss, 3 * tolerance);
      assertAlmostEquals(gradientNorm, update.gradientNorm, update.gradientNorm * tolerance);
      assertEquals(learningRate, update.learningRate);
      assert(Object.values(accumulated).some((data) => size(data) > 0.01));
      for (const [name, { data }] of once.gradients()) {
        const after = split.gradients().get(name)!.data;
        assert(distance(after, data) <= tolerance * Math.max(size(data), 0.01), name);
      }
    });
  }
}

Deno.test("a part accumulated and an update have the bits of a step", async () => {
  using parts = await compile(smallNet(), SMALL);
  using steps = await compile(smallNet(), SMALL);
  for (let i = 0; i < 3; i++) {
    const data = smallData(SMALL.steps, SMALL.batch, i);
    const { loss } = parts.accumulate(data);
    assertEquals({ loss, ...parts.update() }, steps.step(data));
  }
  assertEquals(parts.parameters(), steps.parameters());
});

Deno.test("parts longer than the plan accumulate too", async () => {
  const short = { ...OPTIONS, numerics: "exact", clip: undefined } as const;
  using recomputing = await compile(smallNet(), { ...short, steps: 2, recompute: true });
  using plain = await compile(smallNet(), short);
  for (const session of [recomputing, plain]) {
    session.accumulate(rows(0, 3), { batch: 3 });
    session.accumulate(rows(3, 4), { batch: 1 });
  }
  assertSame(gradients(recomputing), gradients(plain), "gradients");
});

Deno.test("an update with the gradients of one's own loss", async () => {
  using session = await compile(smallNet(), { ...SMALL, clip: undefined, optimizer: sgd({ learningRate: 1 }) });
  session.accumulate(smallData(SMALL.steps, SMALL.batch)); // which backward replaces
  const output = session.forward(whole.x.subarray(0, 3), { batch: 3 });
  session.backward(output);
  const before = session.parameters(), gradients = session.gradients();
  session.update();
  for (const [name, { data }] of session.parameters()) {
    const want = before.get(name)!.data.map((value, i) => value - gradients.get(name)!.data[i]);
    assertEquals(data, want, name);
  }
});

Deno.test("what is accumulated after backward begins anew", async () => {
  using session = await compile(smallNet(), SMALL);
  using other = await compile(smallNet(), SMALL);
  const data = smallData(SMALL.steps, SMALL.batch);
  session.accumulate(data);
  session.backward(session.forward(data.x));
  assertEquals(session.step(data), other.step(data));
});

Deno.test("an update needs gradients of its own", async () => {
  using session = await compile(smallNet(), SMALL);
  assertThrows(() => session.update(), OptionError, "no gradients");
  session.step(smallData(SMALL.steps, SMALL.batch));
  assertThrows(() => session.update(), OptionError, "no gradients");
});

Deno.test("a loss that is not finite gives up what was accumulated, the parameters stay", async () => {
  using session = await compile(smallNet(), SMALL);
  const data = smallData(SMALL.steps, SMALL.batch), good = session.parameters();
  session.accumulate(data);
  session.setParameters(
    new Map([...good].map(([name, { shape, data }]) => [name, { shape, data: data.map(() => NaN) }])),
  );
  assertThrows(() => session.accumulate(data), NonFiniteError, "loss");
  session.setParameters(good);
  assertThrows(() => session.update(), OptionError, "no gradients");
  assertEquals(session.parameters(), good);
  using other = await compile(smallNet(), SMALL);
  assertEquals(session.step(data), other.step(data));
});

Deno.test("parts of a loss that is a sum add up", () => {
  const options = { ...OPTIONS, clip: undefined, loss: crossEntropy({ ignoreIndex: 0, reduction: "sum" }) };
  using parts = compileReference(smallNet(), options, "f64");
  using once = compileReference(smallNet(), options, "f64");
  const loss = parts.accumulate(rows(0, 1), { batch: 1 }).loss + parts.accumulate(rows(1, B), { batch: 3 }).loss;
  const { gradientNorm } = parts.update(), want = once.step(whole);
  assertAlmostEquals(loss, want.loss, 1e-12);
  assertAlmostEquals(gradientNorm, want.gradientNorm, 1e-12 * want.gradientNorm);
});
