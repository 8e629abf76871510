import { assert, assertEquals, assertRejects } from "@std/assert";
import { adamw, compile, OptionError, type ParameterGroup, sgd } from "../../mod.ts";
import { SMALL, smallData, smallNet } from "../support/session/small_net.ts";

const OPTIONS = { ...SMALL, clip: undefined };
const data = smallData(SMALL.steps, SMALL.batch);

Deno.test("groups: every parameter trains as in a net where all of them have its options", async () => {
  const groups = [
    { parameters: ["embedding.*", "decoder.bias"], learningRate: 0.3 },
    { parameters: ["rnn.*_l1"], weightDecay: 0.5, learningRate: 0 },
  ];
  using session = await compile(smallNet(), { ...OPTIONS, optimizer: adamw({ learningRate: 0.01, groups }) });
  session.step(data);
  const alone = await Promise.all([0.01, 0.3, 0].map(async (learningRate) => {
    using session = await compile(smallNet(), { ...OPTIONS, optimizer: adamw({ learningRate }) });
    session.step(data);
    return session.parameters();
  }));
  for (const [name, { data }] of session.parameters()) {
    const group = /^embedding|^decoder.bias$/.test(name) ? 1 : /_l1$/.test(name) ? 2 : 0;
    assertEquals(data, alone[group].get(name)!.data, name);
    assert(group === 0 || data.some((value, i) => value !== alone[0].get(name)!.data[i]), name);
  }
});

Deno.test("groups: frozen parameters stay, whatever their group", async () => {
  const groups = [{ parameters: ["embedding.weight"], learningRate: 1 }];
  const frozen = ["embedding.weight"];
  using session = await compile(smallNet(), { ...OPTIONS, frozen, optimizer: sgd({ groups }) });
  const before = session.parameters().get("embedding.weight");
  session.step(data);
  assertEquals(session.parameters().get("embedding.weight"), before);
});

Deno.test("groups: a name that fits nothing and a parameter in two groups are refused", async () => {
  const refused: [ParameterGroup[], string][] = [
    [[{ parameters: ["rnn.weight"] }], '"rnn.weight"'],
    [[{ parameters: ["decoder?bias"] }], '"decoder?bias"'],
    [[{ parameters: ["rnn.*"] }, { parameters: ["*.bias", "*bias_hh_l0"] }], '"rnn.bias_hh_l0" is in another'],
  ];
  for (const [groups, message] of refused) {
    await assertRejects(() => compile(smallNet(), { ...OPTIONS, optimizer: sgd({ groups }) }), OptionError, message);
  }
});
