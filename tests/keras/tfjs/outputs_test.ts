/** Models that TensorFlow.js saved have its outputs (see make_models.mjs). */
import { assertOutputs } from "../../support/keras/outputs.ts";
import { MODELS, readFiles } from "../../support/tfjs/models.ts";

for (const one of MODELS) {
  Deno.test(`a model has the outputs of TensorFlow.js: ${one.name}`, async () => {
    await assertOutputs(await readFiles(one.files), one);
  });
}
