/** Models that TensorFlow.js has saved give its outputs here (see make_models.mjs). */
import { assertOutputs } from "../outputs.ts";
import { MODELS, readFiles } from "./models.ts";

for (const one of MODELS) {
  Deno.test(`TensorFlow.js: ${one.name}`, async () => {
    await assertOutputs(await readFiles(one.files), one);
  });
}
