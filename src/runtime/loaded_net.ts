import type { Kernels } from "../kernels/kernels.ts";
import type { Arena } from "../memory/arena.ts";
import { HostIO } from "./host_io.ts";
import { CompiledNet } from "./compiled_net.ts";
import { Runner } from "./runner.ts";
import type { NetPlan } from "./plan.ts";
import type { LoadOptions, Tensors } from "./state_dict.ts";

/** A net with given parameters in one memory, which it runs and does not train: a `Session` without all that. Made by `load`. */
export class LoadedNet extends CompiledNet {
  /** Loaded nets are made by `load`. */
  constructor(plan: NetPlan, kernels: Kernels, arena: Arena, tensors: Tensors, options: LoadOptions) {
    const border = new HostIO(plan, arena), passes = new Runner(plan, kernels, border);
    super(passes);
    for (const { slot, numbers } of plan.planner.constants) border.write(slot, numbers);
    border.parameters.set(tensors, options);
    passes.refresh();
  }
}
