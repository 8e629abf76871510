import { OptionError, requireInteger } from "../errors.ts";
import { type Check, extended, readOptions, type Table } from "../options.ts";
import { type KernelOptions, KERNELS } from "../kernels/builds.ts";
import { loadModule } from "../kernels/load.ts";
import { type Layer, layer } from "../layers/layer.ts";
import { WasmArena } from "../memory/wasm_arena.ts";
import { Threads } from "../threads/threads.ts";
import { canStartWorkers, cores } from "../threads/worker.ts";
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
   * `"auto"`: a thread for each core and each 4 rows of a batch, at most 8, in a net that is large enough to gain; one
   * thread where workers do not start.
   *
   * @default {1}
   */
  threads?: Threading;
}

/** A number of threads, or as many as help. */
export type Threading = number | "auto";

const MOST_THREADS = 64;
/** The most threads of `"auto"`, and the least rows of a batch for each of them. */
const MOST_AUTO = 8, LEAST_ROWS = 4;
/**
 * Multiply-adds of a call's forward from which `"auto"` has several threads: about 1 ms. Two threads make a smaller
 * call slower (`deno task bench:threads`).
 */
const LARGE = 2 ** 24;

/** The check of a number of threads. */
export const threading: Check<Threading> = (name, value) =>
  value === "auto" ? value : requireInteger(name, value, 1, MOST_THREADS);

/** The options of `compile`. */
export const COMPILE = /* @__PURE__ */ extended(/* @__PURE__ */ extended(PLAN, KERNELS), {
  threads: [threading, 1],
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
  const session = await compileAlone(net, options);
  try {
    await session.crew?.start();
  } catch (error) {
    if (options.threads !== "auto") {
      session.dispose();
      throw error;
    }
  }
  return session;
}

/** As `compile`, with workers that are not started. */
export async function compileAlone(net: Layer, options: CompileOptions): Promise<Session> {
  const { numerics, kernels: given, threads, ...training } = readOptions("compile", COMPILE, options);
  checkTraining(training);
  const planned = layer("net", net);
  const count = threads !== "auto" ? threadCount(threads) : given ? 1 : autoCount(planned, training);
  const plan = planTraining(planned, training, count);
  const arena = new WasmArena(plan.bytes, count > 1);
  const { kernels, module } = await loadModule({ numerics, kernels: given }, arena);
  if (count === 1) return new Session(plan, kernels, arena);
  const crew = new Threads(count, { module, kernels, arena, map: plan.planner.map });
  return new Session(plan, crew.kernels, crew.arena, crew);
}

/** The number of threads that compute: as many as wanted, where the engine allows them. */
export function threadCount(wanted: number): number {
  return canStartWorkers() ? wanted : 1;
}

/** The number of threads of `"auto"`. */
function autoCount({ parameters }: Layer, { batch, steps }: PlanOptions): number {
  const sizes = Object.values(parameters).map(({ shape }) => shape.reduce((size, extent) => size * extent, 1));
  const work = batch * steps * sizes.reduce((sum, size) => sum + size, 0);
  if (work < LARGE) return 1;
  return threadCount(Math.max(1, Math.min(MOST_AUTO, cores(), Math.floor(batch / LEAST_ROWS))));
}

/** @throws {OptionError} When an option needs another one that is missing. */
function checkTraining({ optimizer, averageDecay, gradientFlow, train = optimizer !== undefined }: PlanOptions): void {
  if (gradientFlow && !train) throw new OptionError('"gradientFlow" needs gradients: "train" or an "optimizer"');
  if (averageDecay === undefined) return;
  if (!optimizer) throw new OptionError('"averageDecay" needs an "optimizer": without updates there is no average');
}
