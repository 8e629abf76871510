/** A slice of the fuzzer; `slow/fuzz_test.ts` runs a million inputs of each format. */
import { assert } from "@std/assert";
import { fuzz } from "../support/fuzz/format.ts";
import { FORMATS } from "../support/fuzz/formats.ts";

/** So many inputs take half a second to a second. */
const COUNTS: Record<string, number> = {
  safetensors: 2500,
  models: 750,
  checkpoints: 500,
  onnx: 750,
  keras: 300,
  tfjs: 500,
  pytorch: 500,
  numpy: 1000,
};

for (const [name, format] of Object.entries(FORMATS)) {
  Deno.test(`${COUNTS[name]} files of ${name} with random faults are read, or refused by name`, async () => {
    const { read, refused } = await fuzz(format, { seed: 1, from: 0, to: COUNTS[name] });
    // Checkpoints are refused when they are used.
    const isRefused = name === "checkpoints" || refused > 0.02 * COUNTS[name];
    assert(read > 0.02 * COUNTS[name] && isRefused, `${read} were read, ${refused} refused`);
  });
}
