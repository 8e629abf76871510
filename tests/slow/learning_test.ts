import { assert } from "@std/assert";
import { readCorpus } from "../../examples/frame/corpus.ts";
import { clipNorm, elman, gru, LanguageModel, lstm } from "../../mod.ts";

/**
 * Bits per character on the last tenth of Moby Dick after one epoch of 2 x 128, B = 50, T = 50, Adam 2e-3, clip norm 5,
 * seed 1. Measured values and a tenth of a bit: other engines fuse other products, and one epoch amplifies roundings to
 * hundredths.
 */
const BOUNDS = { lstm: 3.45, gru: 3.05, elman: 3.07 };

for (const [name, cell] of Object.entries({ lstm, gru, elman })) {
  Deno.test(`${name} learns Moby Dick in one epoch`, async () => {
    const { text, train, validation } = await readCorpus(undefined, 50);
    using model = await LanguageModel.create(text, { cell: cell(), seed: 1 });
    for await (const { gradientNorm } of model.fit(train, { epochs: 1, clip: clipNorm(5) })) assert(gradientNorm > 0);
    const { bitsPerToken } = await model.evaluate(validation);
    assert(bitsPerToken < BOUNDS[name as keyof typeof BOUNDS], `${bitsPerToken} bits per character`);
  });
}
