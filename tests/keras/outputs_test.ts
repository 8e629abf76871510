/** Models that Keras saved have its outputs (see make_models.py). */
import { readKeras, readKerasConfig, readKerasWeights } from "../../keras.ts";
import { MODELS } from "../support/keras/models.ts";
import { assertOutputs } from "../support/keras/outputs.ts";

for (const one of MODELS) {
  const { name, files, config } = one, model = () => readKeras(files[".keras"]);
  Deno.test(`a .keras file has the outputs of Keras: ${name}`, async () => await assertOutputs(model(), one));
  if (files[".h5"]) {
    Deno.test(`an .h5 file has the outputs of Keras: ${name}`, async () =>
      await assertOutputs(readKeras(files[".h5"]), one));
  }
  if (files["Keras 2"]) {
    Deno.test(`an .h5 file has the outputs of Keras 2: ${name}`, async () =>
      await assertOutputs(readKeras(files["Keras 2"]), one));
  }
  if (!config) continue;
  Deno.test(`a .weights.h5 file has the outputs of Keras: ${name}`, async () => {
    await assertOutputs(readKerasConfig(config, files[".weights.h5"]), one);
    await assertOutputs(readKerasWeights(model(), files[".weights.h5"]), one);
  });
}
