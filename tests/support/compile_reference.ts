import { referenceKernels } from "../../src/kernels/reference/reference_kernels.ts";
import type { Layer } from "../../src/layers/layer.ts";
import { ReferenceArena } from "../../src/memory/reference_arena.ts";
import { WasmArena } from "../../src/memory/wasm_arena.ts";
import { Session } from "../../src/session/session.ts";
import { type PlanOptions, planTraining } from "../../src/session/plan_training.ts";

/**
 * A session on the scalar reference kernels: slow, for checks. Mode "f64" computes in double precision (copies that the
 * session returns are still f32); mode "f32" gives the bits of `compile` with `numerics: "exact"`.
 */
export function compileReference(net: Layer, options: PlanOptions, mode: "f32" | "f64"): Session {
  const plan = planTraining(net, options);
  const arena = mode === "f64" ? new ReferenceArena(plan.bytes) : new WasmArena(plan.bytes);
  return new Session(plan, referenceKernels(arena, mode), arena);
}
