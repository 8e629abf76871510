/** A layer declares its states before planning, and a planned layer returns its needs. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  compile,
  dense,
  dropout,
  gru,
  type Layer,
  lstm,
  type PlannedLayer,
  recurrent,
  sequential,
  ShapeError,
} from "../../mod.ts";
import { pool, residual } from "../../layers.ts";
import { bahdanau, encoderDecoder, luong } from "../../models.ts";
import { planNet } from "../../src/runtime/plan.ts";
import { planTraining } from "../../src/session/plan_training.ts";

const rnn = recurrent(lstm({ projection: 3 }), { input: 3, hidden: 4, layers: 2, initialStates: "learned" });
const both = recurrent(gru(), { input: 3, hidden: 4, bidirectional: true, dropout: 0.1, layers: 2 });
const seen = sequential({
  rnn: recurrent(bahdanau(gru(), { source: 8 }), { input: 3, hidden: 4 }),
  attention: luong(4, { source: 8 }),
});
const translation = encoderDecoder({ encoder: both, decoder: seen, bridge: "none" });
const NETS: Readonly<Record<string, Layer>> = {
  rnn,
  both,
  translation,
  named: sequential({ below: residual(rnn), pool: pool(3, "mean"), output: dense(3, 2) }),
};

for (const [name, net] of Object.entries(NETS)) {
  Deno.test(`the declared states are the planned ones: ${name}`, () => {
    const { layer } = planNet(net, { batch: 2, steps: 3 });
    const planned = layer.states.map(({ name, width, learned }) => ({ name, width, learned: learned !== undefined }));
    assertEquals(net.states?.map(({ learned = false, ...state }) => ({ ...state, learned })), planned);
  });
}

Deno.test("a net has the needs of all its layers", () => {
  const { needs, planner, wholeSequence } = planTraining(translation, {
    batch: 2,
    steps: 3,
    train: true,
    gradientFlow: true,
  });
  assertEquals(needs.reverseOrder?.name, "reverse order");
  assertEquals(needs.randomCounter?.name, "training pass");
  assertEquals({ ...planner.sharedSlots }, { reverseOrder: needs.reverseOrder, randomCounter: needs.randomCounter });
  assertEquals(needs.attention.map(({ weights }) => weights.name), [
    "decoder.rnn.attention_l0",
    "decoder.attention.attention",
  ]);
  assertEquals(needs.outputGradients.map(({ name, decoder = false }) => [name, decoder]), [
    ["encoder.l0", false],
    ["encoder.l0_reverse", false],
    ["encoder.l1", false],
    ["encoder.l1_reverse", false],
    ["decoder.rnn.l0", true],
  ]);
  assertEquals(wholeSequence, "an encoder-decoder");
  assertEquals(translation.sourceWidths, undefined);
  assertEquals(seen.sourceWidths, [8, 8]);
});

Deno.test("a net that can run in segments, without random numbers, has no needs", () => {
  const { needs, wholeSequence } = planTraining(rnn, { batch: 2, steps: 3, train: true });
  assertEquals(needs, { reverseOrder: undefined, randomCounter: undefined, attention: [], outputGradients: [] });
  assertEquals(wholeSequence, undefined);
});

/** A layer around another one that replaces some of its declarations or of its plan. */
function hiding(layer: Layer, declared: Partial<Layer>, planned: Partial<PlannedLayer>): Layer {
  return { ...layer, ...declared, plan: (scope, x) => ({ ...layer.plan(scope, x), ...planned }) };
}

Deno.test("a layer that hides states or needs of the layers in it is refused", async () => {
  const size = { batch: 1, steps: 2, train: true };
  const refused = (layer: Layer, text: string) => assertRejects(() => compile(layer, size), ShapeError, text);
  await refused(hiding(rnn, { states: undefined }, {}), '"states" must list its states h_l0 (3), c_l0 (4), h_l1 (3)');
  await refused(hiding(rnn, {}, { states: [] }), '"states" must list its states none, got h_l0 (3)');
  await refused(hiding(both, {}, { needs: undefined }), '"needs" must have what all of its layers need');
  await refused(hiding(dropout(3, 0.5), {}, { needs: {} }), '"needs" must have what all of its layers need');
});
