import { assert } from "@std/assert";
import { compile } from "../../mod.ts";
import type { KerasModel } from "../../keras.ts";
import { assertClose } from "../fixtures/read_cases.ts";

/** Inputs `[B, T, ...]` of a model, and its outputs where it comes from: one, or those of two directions. */
export interface OutputCase {
  readonly name: string;
  readonly B: number;
  readonly T: number;
  readonly sets: readonly { readonly x: Float32Array; readonly y: readonly Float32Array[] }[];
}

/**
 * Outputs are of order 1; products of a few numbers and functions that are good to some units of 1e-7, over five steps,
 * whose errors add up. The largest difference of all cases is 6e-7.
 */
const TOLERANCE = { atol: 2e-6, rtol: 2e-6 };

/** Asserts that a model's outputs here are those that it has where it comes from, in rows' own steps. */
export async function assertOutputs(model: KerasModel, { name, B, T, sets }: OutputCase): Promise<void> {
  const { layer, parameters, batchFirst } = model;
  using session = await compile(layer, { batch: B, steps: T, batchFirst, numerics: "exact" });
  session.setParameters(parameters);
  for (const { x, y } of sets) {
    const { x: own, lengths } = model.padding !== undefined ? model.postPadded(x, B) : { x, lengths: undefined };
    const got = model.predictions(session.forward(own, { lengths }));
    if (!lengths || layer.output.steps === "one") {
      assertClose(got, Float32Array.from(y.flatMap((part) => [...part])), TOLERANCE, name);
      continue;
    }
    // A step of ours is where the row's own step before it left off; theirs stay in place.
    const width = got.length / (B * T), I = x.length / (B * T), [want] = y;
    for (let b = 0; b < B; b++) {
      let next = b * T;
      for (let i = b * T; i < (b + 1) * T && next < b * T + lengths[b]; i++) {
        const step = x.subarray(i * I, (i + 1) * I);
        if (!step.every((value, j) => value === own[next * I + j])) continue;
        const here = got.subarray(next * width, (next + 1) * width);
        assertClose(here, want.subarray(i * width, (i + 1) * width), TOLERANCE, `${name}, row ${b}, step ${i}`);
        next++;
      }
      assert(next === b * T + lengths[b], `${name}: row ${b} has steps that are not in the input`);
    }
  }
}
