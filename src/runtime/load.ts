import type { Kernels } from "../kernels/kernels.ts";
import { loadInferenceKernels } from "../kernels/load_inference.ts";
import { type KernelOptions, KERNELS } from "../kernels/builds.ts";
import { type Layer, layer } from "../layers/layer.ts";
import type { Arena } from "../memory/arena.ts";
import { WasmArena } from "../memory/wasm_arena.ts";
import { extended, picked, readOptions, type Table } from "../options.ts";
import { CompiledNet } from "./compiled_net.ts";
import { HostIO } from "./host_io.ts";
import { type NetPlan, planNet, SIZE, type SizeOptions } from "./plan.ts";
import { Runner } from "./runner.ts";
import { LOAD, type LoadOptions, type Tensors } from "./state_dict.ts";

/** Options of `load`: sizes as in `compile`, names as in `Session.setParameters`. */
export interface LoadedOptions
  extends
    Pick<SizeOptions, "batch" | "steps" | "decoderSteps" | "batchFirst">,
    Pick<LoadOptions, "rename">,
    KernelOptions {
}

const LOADED = /* @__PURE__ */ extended(SIZE, KERNELS, /* @__PURE__ */ picked(LOAD, "rename")) satisfies Table<
  LoadedOptions
>;

/** A net with fixed parameters in one memory, which runs and does not train. `load` makes loaded nets. */
export class LoadedNet extends CompiledNet {
  /** `load` makes loaded nets. */
  constructor(plan: NetPlan, kernels: Kernels, arena: Arena, tensors: Tensors, options: LoadOptions) {
    const io = new HostIO(plan, arena);
    super(new Runner(plan, kernels, io));
    io.parameters.set(tensors, options);
    this.runner.refresh();
  }
}

/**
 * Give a net with these parameters its memory, and kernels for forward passes alone. The outputs have the bits of a
 * session of `compile`.
 *
 * A cell or layer of your own runs in a loaded net if its `forward` and `refresh` use only the kernels that
 * assembly/index_inference.ts lists: those of Elman, LSTM, GRU and layer norm, pooling, element-wise functions, matrix
 * products, gathers and softmax.
 *
 * @param tensors The parameters by name, from `Session.parameters` or a safetensors file.
 * @throws {OptionError} When a size is not a positive integer.
 * @throws {PlanError} When the net needs more than 2 GiB.
 * @throws {ShapeError} When names or shapes differ; one error lists all differences.
 *
 * @example
 * ```ts
 * import { compile, writeSafetensors } from "@unroll/rnn";
 * import { dense, load, lstm, readSafetensors, recurrent, sequential } from "@unroll/rnn/inference";
 * import { assertEquals } from "@std/assert";
 *
 * const net = sequential({ rnn: recurrent(lstm(), { input: 3, hidden: 8 }), output: dense(8, 2) });
 * const trained = await compile(net, { batch: 1, steps: 4, seed: 1 });
 * const file = writeSafetensors(trained.parameters());
 *
 * const loaded = await load(net, readSafetensors(file).tensors, { batch: 1, steps: 4 });
 * const x = new Float32Array(4 * 3).fill(0.1); // [T = 4, B = 1, 3]
 * assertEquals(loaded.forward(x), trained.forward(x)); // [T, B, 2]
 * trained.dispose();
 * loaded.dispose();
 * ```
 */
export async function load(
  net: Layer,
  tensors: Tensors,
  options: LoadedOptions,
): Promise<LoadedNet> {
  const { numerics, kernels: given, rename, ...sizes } = readOptions("load", LOADED, options);
  const plan = planNet(layer("net", net), sizes);
  const arena = new WasmArena(plan.bytes);
  const kernels = await loadInferenceKernels({ numerics, kernels: given }, arena, plan.planner.isInt8);
  return new LoadedNet(plan, kernels, arena, tensors, { rename });
}
