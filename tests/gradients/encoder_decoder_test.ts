import { assertEquals, assertRejects } from "@std/assert";
import { gradientCheck } from "../../check.ts";
import { crossEntropy, elman, OptionError, recurrent, sequential, ShapeError } from "../../mod.ts";
import { bahdanau, encoderDecoder, luong } from "../../models.ts";
import { NETS } from "../support/layers/encoder_decoder_nets.ts";
import { assertRight } from "../support/gradients/assert_right.ts";

/**
 * The gradients of a step's scores sum to zero over the softmax, so the gradients of queries are differences of nearly
 * equal terms: with similar source outputs they keep a tenth of the bits. The largest error here reaches 2e-5.
 */
const BUILDS = 5e-5;

for (const [name, net] of Object.entries(NETS)) {
  Deno.test(`gradients of an encoder-decoder: ${name}`, async () => {
    const shape = { batch: 4, steps: 5, decoderSteps: 3 };
    const loss = crossEntropy({ ignoreIndex: -1 }), y = [1, 2, 3, 4, -1, 5, 6, 0, -1, 1, -1, 2];
    const check = await gradientCheck(net(), { ...shape, lengths: [3, 5, 1, 3], loss, y });
    assertRight(check, BUILDS, name);
    assertRight(
      await gradientCheck(net(), { batch: 2, steps: 4, decoderSteps: 2, seed: 1 }),
      BUILDS,
      `${name}, states`,
    );
  });
}

Deno.test("gradients of values into encoder and decoder, with more steps in the decoder", async () => {
  const rnn = (input: number) => recurrent(elman(), { input, hidden: 4 });
  const decoder = sequential({ rnn: rnn(2), attention: luong(4, { source: 4 }) });
  const net = encoderDecoder({ encoder: rnn(3), decoder });
  const decoderInput = Array.from({ length: 6 * 2 * 2 }, (_, i) => Math.sin(i));
  const check = await gradientCheck(net, { batch: 2, steps: 3, decoderInput });
  assertRight(check, BUILDS);
  assertEquals(
    check.findings.filter(({ tensor }) => /input/.test(tensor)).map(({ tensor, elements }) => [tensor, elements]),
    [
      ["input x", 18],
      ["decoder's input", 24],
    ],
  );
});

Deno.test("decoderSteps without a decoder, and a decoder inside of a layer, are refused", async () => {
  const rnn = recurrent(elman(), { input: 2, hidden: 2 });
  await assertRejects(() => gradientCheck(rnn, { decoderSteps: 3 }), OptionError, "decoderSteps");
  const inside = sequential({ net: encoderDecoder({ encoder: rnn, decoder: rnn }), rnn });
  await assertRejects(() => gradientCheck(inside), ShapeError, "inside of another layer");
  const alone = recurrent(bahdanau(elman(), { source: 2 }), { input: 2, hidden: 2 });
  await assertRejects(() => gradientCheck(alone), ShapeError, "it must be in the decoder of an encoder");
});
