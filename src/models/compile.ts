import { loadKernels, type Numerics } from "../kernels/load.ts";
import type { Layer } from "../layers/layer.ts";
import { WasmArena } from "../memory/wasm_arena.ts";
import { planNet, type PlanOptions } from "./plan.ts";
import { Session } from "./session.ts";

/** Options of `compile`. */
export interface CompileOptions extends PlanOptions {
  /** `"fast"`: fused multiply-adds where the engine has them. `"exact"`: the same bits everywhere. Default `"fast"`. */
  numerics?: Numerics;
}

/**
 * Give a net its memory and its kernels. Everything that needs memory is named here (batch, steps, loss, optimizer), so that no
 * later call allocates: `batch` and `steps` are maxima, a call may be smaller.
 *
 * @throws {OptionError} When a size is not a positive integer.
 * @throws {PlanError} When the net needs more than 2 GiB.
 *
 * @example
 * ```ts
 * import { adam, compile, crossEntropy, dense, lstm, oneHot, recurrent, sequential } from "@unroll/rnn";
 * import { assert } from "@std/assert";
 *
 * const net = sequential({
 *   input: oneHot(3),
 *   rnn: recurrent(lstm(), { input: 3, hidden: 16 }),
 *   output: dense(16, 3),
 * });
 * using session = await compile(net, { batch: 2, steps: 4, loss: crossEntropy(), optimizer: adam({ learningRate: 0.02 }) });
 * const x = [0, 1, 1, 2, 2, 0, 0, 1], y = [1, 2, 2, 0, 0, 1, 1, 2]; // [T = 4, B = 2]
 * let loss = Infinity;
 * for (let i = 0; i < 100; i++) loss = session.step({ x, y }).loss;
 * assert(loss < 0.1);
 * ```
 */
export async function compile(net: Layer, { numerics = "fast", ...options }: CompileOptions): Promise<Session> {
  const plan = planNet(net, options);
  const arena = new WasmArena(plan.bytes);
  return new Session(plan, await loadKernels(numerics, arena), arena);
}
