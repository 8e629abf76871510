import { OptionError, requireInteger } from "../errors.ts";
import { extended, readOptions, type Table } from "../options.ts";
import { type KernelOptions, KERNELS } from "../kernels/builds.ts";
import { loadModules } from "../kernels/load.ts";
import { type Layer, layer } from "../layers/layer.ts";
import { WasmArena } from "../memory/wasm_arena.ts";
import { Threads } from "../threads/threads.ts";
import { Session } from "./session.ts";
import { PLAN, type PlanOptions, planTraining } from "./plan_training.ts";

/** Options of `compile`. */
export interface CompileOptions extends PlanOptions, KernelOptions {
  /**
   * Number of threads, including the calling one, from 1 to 64. Workers keep the process alive until the session is
   * disposed. Results are bit-identical to one thread: work is split by row or parameter range, never inside a sum. A
   * batch should have several rows a thread.
   *
   * There is one thread where the engine forbids more: in a page that is not cross-origin isolated, and on a page's
   * main thread, which may not wait. `session.threads` is the actual number. A page's content security policy must
   * allow `worker-src blob:`.
   *
   * @default {1}
   */
  threads?: number;
}

const MOST_THREADS = 64;

/** The options of `compile`. */
export const COMPILE = /* @__PURE__ */ extended(/* @__PURE__ */ extended(PLAN, KERNELS), {
  threads: [(name: string, value: unknown) => requireInteger(name, value, 1, MOST_THREADS), 1],
}) satisfies Table<CompileOptions>;

/**
 * Give a net its memory and its kernels. Everything that needs memory is named here (batch, steps, loss, optimizer), so
 * that no later call allocates: `batch` and `steps` are maxima, a call may be smaller.
 *
 * @throws {OptionError} When a size is not a positive integer.
 * @throws {PlanError} When the net needs more than 2 GiB.
 * @throws {ThreadError} When a thread cannot be started.
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
 * const optimizer = adam({ learningRate: 0.02 });
 * const session = await compile(net, { batch: 2, steps: 4, loss: crossEntropy(), optimizer });
 * const x = [0, 1, 1, 2, 2, 0, 0, 1], y = [1, 2, 2, 0, 0, 1, 1, 2]; // [T = 4, B = 2]
 * let loss = Infinity;
 * for (let i = 0; i < 100; i++) loss = session.step({ x, y }).loss;
 * assert(loss < 0.1);
 * session.dispose();
 * ```
 */
export async function compile(
  net: Layer,
  options: CompileOptions,
): Promise<Session> {
  const { numerics, kernels: given, threads: wanted, ...training } = readOptions("compile", COMPILE, options);
  const count = threadCount(wanted);
  checkTraining(training);
  const plan = planTraining(layer("net", net), training, count);
  const arena = new WasmArena(plan.bytes, count > 1);
  const { kernels, modules } = await loadModules({ numerics, kernels: given }, arena, plan.planner.isInt8);
  if (count === 1) return new Session(plan, kernels, arena);
  const threads = await Threads.start(count, { modules, kernels, arena, map: plan.planner.map });
  return new Session(plan, threads.kernels, threads.arena, threads);
}

/** The number of threads that compute: as many as wanted, where the engine allows them. */
export function threadCount(wanted: number): number {
  return Threads.available() ? wanted : 1;
}

/** @throws {OptionError} When an option needs another one that is missing. */
function checkTraining({ optimizer, averageDecay, gradientFlow, train = optimizer !== undefined }: PlanOptions): void {
  if (gradientFlow && !train) throw new OptionError('"gradientFlow" needs gradients: "train" or an "optimizer"');
  if (averageDecay === undefined) return;
  if (!optimizer) throw new OptionError('"averageDecay" needs an "optimizer": without updates there is no average');
}
