/** Files with random faults are read or refused without a hang. */
import { assert } from "@std/assert";
import { readKeras, readKerasConfig } from "../../keras.ts";
import { caseNamed as tfjsCase, readFiles } from "./tfjs/models.ts";
import { caseNamed, MODELS } from "./models.ts";
import { readMutations } from "./mutations.ts";

/** A file takes some milliseconds, so five seconds are a hang. */
const OPTIONS = { count: 1500, seed: 1, limit: 5000 }, FEWER = { ...OPTIONS, count: 600 };

/** A model of several layers that was also saved in the older formats. */
const { config, files } = MODELS.find(({ config, name }) => config && name !== "SimpleRNN")!;

Deno.test("mutated .keras files are read or refused", async () => {
  const read = await readMutations(caseNamed("functional").files[".keras"], readKeras, FEWER);
  assert(read > 100 && read < 590, `${read} were read`);
});

Deno.test("mutated .h5 files are read or refused", async () => {
  const read = await readMutations(files[".h5"], readKeras, FEWER);
  assert(read > 100 && read < 590, `${read} were read`);
});

Deno.test("mutated .weights.h5 files and configurations are read or refused", async () => {
  const weights = files[".weights.h5"], text = new TextEncoder().encode(config);
  const one = await readMutations(weights, (bytes) => readKerasConfig(config!, bytes), FEWER);
  const two = await readMutations(text, (bytes) => readKerasConfig(new TextDecoder().decode(bytes), weights), OPTIONS);
  assert(one > 100 && one < 590, `${one} were read`);
  assert(two > 100 && two < 1450, `${two} were read`);
});

Deno.test("mutated files of TensorFlow.js are read or refused", async () => {
  const { files } = tfjsCase("cells"), stored = tfjsCase("stored as uint8");
  const json = await readMutations(
    files["model.json"],
    (bytes) => readFiles({ ...files, "model.json": bytes }),
    OPTIONS,
  );
  const few = await readMutations(
    stored.files["model.json"],
    (bytes) => readFiles({ ...stored.files, "model.json": bytes }),
    OPTIONS,
  );
  for (const read of [json, few]) assert(read > 50 && read < 1450, `${read} were read`);
});
