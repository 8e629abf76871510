import { extended, positiveFinite, readOptions, type Table } from "../../options.ts";
import { elementLoss } from "./element_loss.ts";
import { LOSS, type Loss, type LossOptions } from "./loss.ts";

/**
 * The squared difference of outputs and targets, (x - y)²: PyTorch's `mse_loss`. Targets: a number for each element of
 * the output.
 *
 * @example
 * ```ts
 * import { compile, squaredError } from "@unroll/rnn";
 * import { activation } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const session = await compile(activation("identity", 2), { batch: 1, steps: 2, loss: squaredError() });
 * assertEquals(session.evaluate({ x: [1, 2, 3, 4], y: [1, 0, 3, 0] }).loss, (4 + 16) / 4);
 * session.dispose();
 * ```
 */
export function squaredError(options: LossOptions = {}): Loss {
  const { reduction } = readOptions("squaredError", LOSS, options);
  return elementLoss({ name: "squared error", kind: "squared" }, reduction);
}

/**
 * The absolute difference of outputs and targets, |x - y|, whose gradient is 0 where x = y: PyTorch's `l1_loss`.
 * Targets: a number for each element of the output.
 *
 * @example
 * ```ts
 * import { absoluteError } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(absoluteError({ reduction: "sum" }).targets, "step");
 * ```
 */
export function absoluteError(options: LossOptions = {}): Loss {
  const { reduction } = readOptions("absoluteError", LOSS, options);
  return elementLoss({ name: "absolute error", kind: "absolute" }, reduction);
}

/** Options of `huber`. */
export interface HuberOptions extends LossOptions {
  /**
   * The distance, above 0, from which on the loss grows linearly.
   *
   * @default {1}
   */
  delta?: number;
}

const HUBER = /* @__PURE__ */ extended(LOSS, { delta: [positiveFinite, 1] }) satisfies Table<HuberOptions>;

/**
 * The Huber loss of d = x - y: d² / 2 where |d| <= `delta`, else delta (|d| - delta / 2). PyTorch's `huber_loss` (Huber
 * 1964). Targets: a number for each element of the output.
 *
 * @throws {OptionError} When `delta` is not a finite number above 0.
 *
 * @example
 * ```ts
 * import { compile } from "@unroll/rnn";
 * import { huber } from "@unroll/rnn/losses";
 * import { activation } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const session = await compile(activation("identity", 1), { batch: 2, steps: 1, loss: huber({ delta: 2 }) });
 * assertEquals(session.losses({ x: [1, 6], y: [0, 0] }), new Float32Array([0.5, 10]));
 * session.dispose();
 * ```
 */
export function huber(options: HuberOptions = {}): Loss {
  const { delta, reduction } = readOptions("huber", HUBER, options);
  return elementLoss({ name: "Huber loss", kind: "huber", settings: (width) => filled(width, delta) }, reduction);
}

/** Options of `smoothL1`. */
export interface SmoothL1Options extends LossOptions {
  /**
   * The distance, above 0, from which on the loss grows linearly.
   *
   * @default {1}
   */
  beta?: number;
}

const SMOOTH_L1 = /* @__PURE__ */ extended(LOSS, { beta: [positiveFinite, 1] }) satisfies Table<SmoothL1Options>;

/**
 * The Huber loss divided by `beta`, so that the slope is 1 for large differences: PyTorch's `smooth_l1_loss`.
 * Targets: a number for each element of the output.
 *
 * @throws {OptionError} When `beta` is not a finite number above 0.
 *
 * @example
 * ```ts
 * import { compile } from "@unroll/rnn";
 * import { smoothL1 } from "@unroll/rnn/losses";
 * import { activation } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const session = await compile(activation("identity", 1), { batch: 2, steps: 1, loss: smoothL1({ beta: 2 }) });
 * assertEquals(session.losses({ x: [1, 6], y: [0, 0] }), new Float32Array([0.25, 5]));
 * session.dispose();
 * ```
 */
export function smoothL1(options: SmoothL1Options = {}): Loss {
  const { beta, reduction } = readOptions("smoothL1", SMOOTH_L1, options);
  const settings = (width: number) => filled(width, beta);
  return elementLoss({ name: "smooth L1 loss", kind: "huber", factor: 1 / beta, settings }, reduction);
}

function filled(length: number, value: number): number[] {
  return new Array<number>(length).fill(value);
}
