/** What int8 weights cost a trained language model. */
import { assert } from "@std/assert";
import { readCorpus } from "../../examples/frame/corpus.ts";
import { int8 } from "../../int8.ts";
import { adam, clipNorm, cosine, gru, LanguageModel, lstm } from "../../mod.ts";

/** The most bits a character more, on the last tenth of Moby Dick. */
const MOST = 0.002, STEPS = 1500;

for (const [name, cell] of Object.entries({ lstm, gru })) {
  Deno.test(`int8 weights cost a finished ${name} at most ${MOST} bits a character`, async () => {
    const { text, train, validation } = await readCorpus(undefined, 50);
    using model = await LanguageModel.create(text, { cell: cell(), seed: 1, kernels: int8 });
    const optimizer = adam({ learningRate: 5e-3, schedule: cosine({ steps: STEPS }) });
    await model.fit(train, { steps: STEPS, optimizer, clip: clipNorm(5) });
    using small = await model.quantize();
    const [exact, rounded] = await Promise.all(
      [model, small].map(async (each) => (await each.evaluate(validation, { streams: 10 })).bitsPerCharacter),
    );
    const size = small.save().length / model.save().length;
    console.log(`${name}: ${exact.toFixed(4)} bits a character, ${(rounded - exact).toFixed(4)} more, size ${size}`);
    assert(rounded - exact <= MOST, `${rounded} bits a character, in f32 ${exact}`);
    assert(size <= 0.27, `${size}`);
  });
}
