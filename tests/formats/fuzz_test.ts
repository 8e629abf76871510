/** A slice of the fuzzer; `slow/fuzz_test.ts` runs a million inputs of each format. */
import { assert } from "@std/assert";
import { fuzz } from "../support/fuzz/format.ts";
import { FORMATS } from "../support/fuzz/formats.ts";

/** So many inputs take half a second to a second. */
const COUNTS: Record<string, number> = {
  safetensors: 5000,
  models: 1500,
  checkpoints: 1000,
  onnx: 1500,
  keras: 500,
  tfjs: 1000,
  pytorch: 1000,
  numpy: 2000,
};

for (const [name, format] of Object.entries(FORMATS)) {
  Deno.test(`${COUNTS[name]} files of ${name} with random faults are read, or refused by name`, async () => {
    const { read, refused } = await fuzz(format, { seed: 1, from: 0, to: COUNTS[name] });
    // Checkpoints are refused when they are used.
    const isRefused = name === "checkpoints" || refused > 0.02 * COUNTS[name];
    assert(read > 0.02 * COUNTS[name] && isRefused, `${read} were read, ${refused} refused`);
  });
}
