import { loadInferenceKernels } from "../kernels/load_inference.ts";
import type { Numerics } from "../kernels/load.ts";
import type { Layer } from "../layers/layer.ts";
import { WasmArena } from "../memory/wasm_arena.ts";
import { planNet, type PlanOptions } from "./plan.ts";
import { Session } from "./session.ts";
import type { Tensors } from "./tensors.ts";

/** Options of `load`. */
export interface LoadedOptions extends Pick<PlanOptions, "batch" | "steps" | "batchFirst"> {
  /** As in `compile`. Default `"fast"`. */
  numerics?: Numerics;
}

/** A session that runs a net and cannot train it. Made by `load`. */
export interface LoadedNet
  extends
    Pick<Session, "forward" | "probabilities" | "stream" | "states" | "parameters" | "setParameters">,
    Pick<Session, "batch" | "steps" | "bytes" | "plan" | "summary">,
    Disposable {}

/**
 * Give a net with these parameters its memory, and kernels for forward passes alone. Its outputs have the bits of a session of
 * `compile`. A cell or layer of one's own runs in it if its `forward` and `refresh` use the kernels of Elman, LSTM, GRU and layer
 * norm, element by element functions, products, gathers and softmax.
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
 * const { tensors } = readSafetensors(file);
 * const floats = new Map([...tensors].flatMap(([name, tensor]) => tensor.dtype === "F32" ? [[name, tensor]] : []));
 * using loaded = await load(net, floats, { batch: 1, steps: 4 });
 * const x = new Float32Array(4 * 3).fill(0.1); // [T = 4, B = 1, 3]
 * assertEquals(loaded.forward(x), trained.forward(x)); // [T, B, 2]
 * ```
 */
export async function load(net: Layer, tensors: Tensors, options: LoadedOptions): Promise<LoadedNet> {
  const { batch, steps, batchFirst, numerics = "fast" } = options;
  // The first values would be drawn by kernels that are not there.
  const plan = { ...planNet(net, { batch, steps, batchFirst }), initial: [] };
  const arena = new WasmArena(plan.bytes);
  const session = new Session(plan, await loadInferenceKernels(numerics, arena), arena);
  session.setParameters(tensors);
  return session;
}
