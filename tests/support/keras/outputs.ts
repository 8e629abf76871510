import { assert } from "@std/assert";
import { compile } from "../../../mod.ts";
import type { KerasModel } from "../../../keras.ts";
import { assertClose } from "../conformance/read_cases.ts";

/** Inputs `[B, T, ...]` of a model, and its outputs in Keras: one, or one for each of two directions. */
export interface OutputCase {
  readonly name: string;
  readonly B: number;
  readonly T: number;
  readonly sets: readonly { readonly x: Float32Array; readonly y: readonly Float32Array[] }[];
}

/**
 * Outputs are of order 1. They are sums of products, and functions with errors of some 1e-7, over five steps that add
 * up the errors. The largest difference in all cases is 6e-7.
 */
const TOLERANCE = { atol: 2e-6, rtol: 2e-6 };

/** Asserts that a model has its outputs in Keras, in all steps that are not padding. */
export async function assertOutputs(model: KerasModel, { name, B, T, sets }: OutputCase): Promise<void> {
  const { layer, parameters, batchFirst } = model;
  using session = await compile(layer, { batch: B, steps: T, batchFirst, numerics: "exact" });
  session.setParameters(parameters);
  for (const { x, y } of sets) {
    const { x: padded, lengths } = model.padding !== undefined ? model.postPadded(x, B) : { x, lengths: undefined };
    const actual = model.predictions(session.forward(padded, { lengths }));
    if (!lengths || layer.output.steps === "one") {
      assertClose(actual, Float32Array.from(y.flatMap((output) => [...output])), TOLERANCE, name);
      continue;
    }
    // The steps of a session are moved to the beginning of their row; those of Keras stay in place.
    const width = actual.length / (B * T), I = x.length / (B * T), [expected] = y;
    for (let b = 0; b < B; b++) {
      let next = b * T;
      for (let i = b * T; i < (b + 1) * T && next < b * T + lengths[b]; i++) {
        const step = x.subarray(i * I, (i + 1) * I);
        if (!step.every((value, j) => value === padded[next * I + j])) continue;
        const here = actual.subarray(next * width, (next + 1) * width);
        assertClose(here, expected.subarray(i * width, (i + 1) * width), TOLERANCE, `${name}, row ${b}, step ${i}`);
        next++;
      }
      assert(next === b * T + lengths[b], `${name}: row ${b} has steps that the input does not have`);
    }
  }
}
