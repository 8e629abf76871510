/** The formats that are fuzzed, by name. */
import type { Format } from "./format.ts";
import { checkpoints } from "./checkpoints.ts";
import { keras } from "./keras.ts";
import { models } from "./models.ts";
import { numpy } from "./numpy.ts";
import { onnx } from "./onnx.ts";
import { pytorch } from "./pytorch.ts";
import { safetensors } from "./safetensors.ts";
import { tfjs } from "./tfjs.ts";

// deno-lint-ignore no-explicit-any -- each with inputs of its own
export const FORMATS: Readonly<Record<string, Format<any>>> = {
  safetensors,
  models,
  checkpoints,
  onnx,
  keras,
  tfjs,
  pytorch,
  numpy,
};
