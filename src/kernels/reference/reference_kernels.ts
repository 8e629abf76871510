import type { Arena } from "../../memory/arena.ts";
import type { Kernels } from "../kernels.ts";
import { activationKernels } from "./activation.ts";
import { activationSetKernels } from "./activation_set.ts";
import { clipKernels } from "./clip.ts";
import { ctcKernels } from "./ctc.ts";
import { elementLossKernels } from "./element_loss.ts";
import { elementwiseKernels } from "./elementwise.ts";
import { embeddingKernels } from "./embedding.ts";
import { gruKernels } from "./gate_gru.ts";
import { lstmKernels } from "./gate_lstm.ts";
import { gemmKernels } from "./gemm.ts";
import { int8Kernels } from "./int8.ts";
import { layerNormKernels } from "./layer_norm.ts";
import { maximumKernels } from "./maximum.ts";
import { normKernels } from "./norm.ts";
import { f32, f64 } from "./number_mode.ts";
import { optimizerKernels } from "./optimizer.ts";
import { packKernels } from "./pack.ts";
import { randomKernels } from "./random.ts";
import { reduceKernels } from "./reduce.ts";
import { rowKernels } from "./rows.ts";
import { softmaxKernels } from "./softmax.ts";

/**
 * The reference kernels: all kernels as scalar loops, a file for each family of assembly/.
 *
 * Mode `"f32"` gives the bits of the plain wasm build. Mode `"f64"` computes the same equations in double precision,
 * for gradient checks; its arena should hold doubles (`ReferenceArena`). A reference kernel neither needs the constants
 * in the first KiB nor touches a kernel's scratch.
 */
export function referenceKernels(arena: Arena, mode: "f32" | "f64"): Kernels {
  const numbers = mode === "f32" ? f32 : f64;
  return {
    writeConstants() {},
    ...gemmKernels(arena, numbers),
    ...packKernels(arena),
    ...activationKernels(arena, numbers),
    ...activationSetKernels(arena, numbers),
    ...lstmKernels(arena, numbers),
    ...gruKernels(arena, numbers),
    ...layerNormKernels(arena, numbers),
    ...softmaxKernels(arena, numbers),
    ...elementLossKernels(arena, numbers),
    ...ctcKernels(arena, numbers),
    ...embeddingKernels(arena),
    ...elementwiseKernels(arena, numbers),
    ...rowKernels(arena, numbers),
    ...maximumKernels(arena),
    ...reduceKernels(arena, numbers),
    ...normKernels(arena),
    ...clipKernels(arena),
    ...optimizerKernels(arena, numbers),
    ...randomKernels(arena, numbers),
    ...int8Kernels(arena, numbers),
  };
}
