import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { adam, compile, OptionError } from "../../mod.ts";
import { SMALL, smallData, smallNet } from "../support/session/small_net.ts";

Deno.test("frozen parameters stay, others train as if they were alone, and the norm leaves frozen ones out", async () => {
  const frozen = ["embedding.weight", "decoder.bias"];
  const options = { ...SMALL, clip: undefined, optimizer: adam({ learningRate: 0.01, weightDecay: 0.1 }) };
  using session = await compile(smallNet(), { ...options, frozen });
  using free = await compile(smallNet(), options);
  const before = session.parameters(), data = smallData(SMALL.steps, SMALL.batch);
  const { gradientNorm } = session.step(data);
  assert(gradientNorm < free.step(data).gradientNorm);
  const after = session.parameters(), trained = free.parameters();
  for (const [name, { data }] of after) {
    assertEquals(data, (frozen.includes(name) ? before : trained).get(name)!.data, name);
    assert(frozen.includes(name) || data.some((value, i) => value !== before.get(name)!.data[i]), name);
  }
});

Deno.test("an unknown name cannot be frozen", async () => {
  const refused = compile(smallNet(), { ...SMALL, frozen: ["rnn.weight"] });
  await assertRejects(() => refused, OptionError, '"rnn.weight"');
});

Deno.test("the summary lists every parameter, and the sums", async () => {
  using session = await compile(smallNet(), { ...SMALL, frozen: ["embedding.weight"] });
  const lines = session.summary().split("\n"), parameters = session.parameters();
  assertEquals(lines.length, parameters.size + 2);
  [...parameters].forEach(([name, { shape, data }], i) => {
    assertStringIncludes(lines[i + 1], name);
    assertStringIncludes(lines[i + 1], `[${shape.join(", ")}]`);
    assertStringIncludes(lines[i + 1], data.length.toLocaleString("en-US"));
    assertEquals(lines[i + 1].endsWith("frozen"), name === "embedding.weight");
  });
  const total = [...parameters.values()].reduce((sum, { data }) => sum + data.length, 0);
  assertStringIncludes(lines.at(-1)!, total.toLocaleString("en-US"));
});
