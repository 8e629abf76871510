import { loadInferenceKernels } from "../kernels/load_inference.ts";
import type { Numerics } from "../kernels/load.ts";
import type { Layer } from "../layers/layer.ts";
import { WasmArena } from "../memory/wasm_arena.ts";
import { LoadedNet } from "./loaded_net.ts";
import { planNet, type PlanOptions } from "./plan.ts";
import type { LoadOptions, Tensors } from "./state_dict.ts";

/** Options of `load`: sizes as in `compile`, names as in a session's `setParameters`. */
export interface LoadedOptions
  extends Pick<PlanOptions, "batch" | "steps" | "decoderSteps" | "batchFirst">, Pick<LoadOptions, "rename"> {
  /** As in `compile`. Default `"fast"`. */
  numerics?: Numerics;
}

/**
 * Give a net with these parameters its memory, and kernels for forward passes alone. Its outputs have the bits of a session of
 * `compile`. A cell or layer of one's own runs in it if its `forward` and `refresh` use the kernels of Elman, LSTM, GRU and layer
 * norm, pooling, element by element functions, products, gathers and softmax: those listed in assembly/index_inference.ts.
 *
 * @param tensors The parameters by name, as a session's `parameters()` or a safetensors file has them.
 * @throws {OptionError} When a size is not a positive integer.
 * @throws {PlanError} When the net needs more than 2 GiB.
 * @throws {ShapeError} When names or shapes differ; all differences are listed.
 *
 * @example
 * ```ts
 * import { compile, writeSafetensors } from "@unroll/rnn";
 * import { dense, load, lstm, readSafetensors, recurrent, sequential } from "@unroll/rnn/inference";
 * import { assertEquals } from "@std/assert";
 *
 * const net = sequential({ rnn: recurrent(lstm(), { input: 3, hidden: 8 }), output: dense(8, 2) });
 * using trained = await compile(net, { batch: 1, steps: 4, seed: 1 });
 * const file = writeSafetensors(trained.parameters());
 *
 * using loaded = await load(net, readSafetensors(file).tensors, { batch: 1, steps: 4 });
 * const x = new Float32Array(4 * 3).fill(0.1); // [T = 4, B = 1, 3]
 * assertEquals(loaded.forward(x), trained.forward(x)); // [T, B, 2]
 * ```
 */
export async function load(
  net: Layer,
  tensors: Tensors,
  { numerics = "fast", rename, ...sizes }: LoadedOptions,
): Promise<LoadedNet> {
  const plan = planNet(net, sizes), arena = new WasmArena(plan.bytes);
  return new LoadedNet(plan, await loadInferenceKernels(numerics, arena), arena, tensors, { rename });
}
