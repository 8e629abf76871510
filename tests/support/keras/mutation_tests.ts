/** Files with random faults are read or refused without a hang. */
import { assert } from "@std/assert";
import { readKeras, readKerasConfig } from "../../../keras.ts";
import { caseNamed as tfjsCase, readFiles } from "../tfjs/models.ts";
import { caseNamed, MODELS } from "./models.ts";
import { readMutations } from "./mutations.ts";

/** A file takes some milliseconds, so five seconds are a hang. */
const LIMIT = 5000;

/** A model of several layers that was also saved in the older formats. */
const { config, files } = MODELS.find(({ config, name }) => config && name !== "SimpleRNN")!;

/** Registers a test for each format, with `count` faulty files a part, and fewer of HDF5, whose files are large. */
export function mutationTests(count: number): void {
  const options = { count, seed: 1, limit: LIMIT };
  const fewer = { ...options, count: 0.4 * count };
  const assertSome = (read: number, of: { count: number }, least: number) =>
    assert(read > least * of.count && read < 0.985 * of.count, `${read} of ${of.count} were read`);

  Deno.test(`${fewer.count} mutated .keras files are read or refused`, async () => {
    assertSome(await readMutations(caseNamed("functional").files[".keras"], readKeras, fewer), fewer, 1 / 6);
  });

  Deno.test(`${fewer.count} mutated .h5 files are read or refused`, async () => {
    assertSome(await readMutations(files[".h5"], readKeras, fewer), fewer, 1 / 6);
  });

  Deno.test(`${fewer.count} mutated .weights.h5 files and ${count} configurations are read or refused`, async () => {
    const weights = files[".weights.h5"], text = new TextEncoder().encode(config);
    const one = await readMutations(weights, (bytes) => readKerasConfig(config!, bytes), fewer);
    const two = await readMutations(
      text,
      (bytes) => readKerasConfig(new TextDecoder().decode(bytes), weights),
      options,
    );
    assertSome(one, fewer, 1 / 6);
    assertSome(two, options, 1 / 15);
  });

  Deno.test(`${2 * count} mutated files of TensorFlow.js are read or refused`, async () => {
    for (const name of ["cells", "stored as uint8"]) {
      const { files } = tfjsCase(name);
      const read = (bytes: Uint8Array<ArrayBuffer>) => readFiles({ ...files, "model.json": bytes });
      assertSome(await readMutations(files["model.json"], read, options), options, 1 / 30);
    }
  });
}
