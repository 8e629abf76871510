import { assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { compile, OptionError } from "../../mod.ts";
import { SMALL, smallData, smallNet } from "../support/session/small_net.ts";

const data = smallData(SMALL.steps, SMALL.batch);

Deno.test("averages: the parameters before an update and after the first, then between", async () => {
  using session = await compile(smallNet(), { ...SMALL, averageDecay: 0.75 });
  assertEquals(session.averages(), session.parameters());
  session.step(data);
  const first = session.parameters();
  assertEquals(session.averages(), first);
  session.step(data);
  const second = session.parameters();
  for (const [name, { data }] of session.averages()) {
    const old = first.get(name)!.data, now = second.get(name)!.data;
    const want = old.map((value, i) => value + Math.fround(0.25 * Math.fround(now[i] - value)));
    assertEquals(data, want, name);
  }
});

Deno.test("averages in use: they are evaluated, training is refused, and afterwards all is as before", async () => {
  const options = { ...SMALL, averageDecay: 0.9 };
  using session = await compile(smallNet(), options);
  using untouched = await compile(smallNet(), options);
  session.useAverages(true); // there are none yet
  assertEquals(session.parameters(), untouched.parameters());
  session.useAverages(false);
  for (let i = 0; i < 3; i++) assertEquals(session.step(data), untouched.step(data));
  const averages = session.averages(), parameters = session.parameters();
  assertNotEquals(averages, parameters);

  session.useAverages(true);
  session.useAverages(true); // once more changes nothing
  assertEquals(session.parameters(), averages);
  assertEquals(session.averages(), averages);
  using other = await compile(smallNet(), SMALL);
  other.setParameters(averages);
  assertEquals(session.evaluate(data), other.evaluate(data));
  assertEquals(session.forward(data.x), other.forward(data.x));
  const training = [
    () => session.step(data),
    () => session.accumulate(data),
    () => session.update(),
    () => session.setParameters(parameters),
    () => session.trainingState(),
  ];
  for (const call of training) assertThrows(call, OptionError, "averages are in use");

  session.useAverages(false);
  assertEquals(session.parameters(), parameters);
  for (let i = 0; i < 2; i++) assertEquals(session.step(data), untouched.step(data));
  assertEquals(session.averages(), untouched.averages());
});

Deno.test("averages have to be asked for, with a decay below 1", async () => {
  using session = await compile(smallNet(), SMALL);
  assertThrows(() => session.averages(), OptionError, '"averageDecay"');
  assertThrows(() => session.useAverages(true), OptionError, '"averageDecay"');
  for (const averageDecay of [-0.1, 1, NaN]) {
    await assertRejects(() => compile(smallNet(), { ...SMALL, averageDecay }), OptionError, '"averageDecay"');
  }
  const without = { ...SMALL, optimizer: undefined, averageDecay: 0.9 };
  await assertRejects(() => compile(smallNet(), without), OptionError, '"optimizer"');
});
