import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  adam,
  clipNorm,
  clipValue,
  compile,
  dense,
  gru,
  type Layer,
  oneHot,
  type PlanOptions,
  recurrent,
  sequential,
  type Session,
  sgd,
} from "../../mod.ts";
import { compileReference } from "../support/compile_reference.ts";
import { assertSame, type Results } from "../support/cells/trial.ts";
import { SMALL, smallData, smallNet, VOCABULARY } from "../support/session/small_net.ts";

const NETS: Record<string, () => Layer> = {
  "embedding, lstm": smallNet,
  "one-hot, gru reset before": () =>
    sequential({
      input: oneHot(VOCABULARY),
      rnn: recurrent(gru({ reset: "before" }), { input: VOCABULARY, hidden: 17 }),
      decoder: dense(17, VOCABULARY),
    }),
  "one-hot, gru reset after": () =>
    sequential({
      input: oneHot(VOCABULARY),
      rnn: recurrent(gru(), { input: VOCABULARY, hidden: 17 }),
      decoder: dense(17, VOCABULARY),
    }),
};

const UPDATES: Record<string, Pick<PlanOptions, "optimizer" | "clip">> = {
  "adam, clipped norm": { optimizer: adam({ learningRate: 0.01, weightDecay: 0.01 }), clip: clipNorm(0.1) },
  "momentum, clipped values": { optimizer: sgd({ momentum: 0.9 }), clip: clipValue(0.01) },
  "plain descent": { optimizer: sgd(), clip: undefined },
};

for (const [name, net] of Object.entries(NETS)) {
  for (const [updates, options] of Object.entries(UPDATES)) {
    Deno.test(`${name}, ${updates}: five training steps have the bits of the scalar reference`, async () => {
      using session = await compile(net(), { ...SMALL, ...options });
      const { numerics: _, ...plan } = { ...SMALL, ...options };
      using reference = compileReference(net(), plan, "f32");
      assertEquals(train(session, 5), train(reference, 5), "losses and norms");
      assertSame(tensors(session), tensors(reference), "parameters");
    });
  }

  for (const numerics of ["exact", "fast"] as const) {
    Deno.test(`${name}, ${numerics}: two trainings give the same parameters, other data give others`, async () => {
      const hashes = [];
      for (const seed of [1, 1, 2]) {
        using session = await compile(net(), { ...SMALL, numerics });
        train(session, 50, seed);
        hashes.push(await hash(session));
      }
      assertEquals(hashes[0], hashes[1]);
      assertNotEquals(hashes[0], hashes[2]);
    });
  }
}

Deno.test("a seed decides every parameter", async () => {
  const first = await initial({ seed: 5 });
  assertSame(await initial({ seed: 5 }), first, "the same seed");
  assertSame(await initial({ seed: 5, batch: 2, steps: 9 }), first, "another plan");
  assertSame(await initial({ seed: 5, train: true, optimizer: undefined }), first, "without moments");
  assertSame(await initial({ seed: 0 }), await initial({}), "the default seed");
  for (const seed of [6, 0, 5 + 2 ** 32]) {
    const other = await initial({ seed });
    for (const name in first) assertNotEquals(other[name], first[name], `${name} of seed ${seed}`);
  }
});

Deno.test("tensors of one shape begin with different numbers", async () => {
  const { "rnn.bias_ih_l0": a, "rnn.bias_hh_l0": b } = await initial({ seed: 5 });
  assertNotEquals(a, b);
  assert(a.some((value) => value !== 0));
});

async function initial(options: Partial<PlanOptions>): Promise<Results> {
  using session = await compile(smallNet(), { ...SMALL, ...options });
  return tensors(session);
}

/** Steps on seeded data of changing size, states carried while they can be; losses and norms. */
function train(session: Session, steps: number, seed = 1): { loss: number; gradientNorm: number }[] {
  return Array.from({ length: steps }, (_, i) => {
    const B = 1 + Math.floor(i / 2) % SMALL.batch, T = 1 + (i * 3) % SMALL.steps;
    return session.step(smallData(T, B, seed * 1000 + i), { batch: B, states: i % 2 ? "carry" : "zero" });
  });
}

function tensors(session: Session): Results {
  return Object.fromEntries([...session.parameters()].map(([name, { data }]) => [name, data]));
}

async function hash(session: Session): Promise<string> {
  const bytes = await new Blob(Object.values(tensors(session)) as BlobPart[]).arrayBuffer();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
