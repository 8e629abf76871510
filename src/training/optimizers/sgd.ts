import { OptionError, requireNumber, requireRate } from "../../errors.ts";
import type { Schedule } from "../schedules/schedule.ts";
import { groupsOf, type Optimizer, type OptimizerOptions } from "./optimizer.ts";

/** Options of `sgd`. */
export interface SgdOptions extends OptimizerOptions {
  /** Share of the last update's velocity that is kept. Default 0: plain gradient descent. */
  momentum?: number;
  /** What the gradient loses on its way into the velocity, from the second update on. Default 0. */
  dampening?: number;
  /** Whether the step looks ahead along the new velocity. Needs momentum and no dampening. Default false. */
  nesterov?: boolean;
}

/**
 * Stochastic gradient descent, with momentum as PyTorch's `optim.SGD` has it: v = momentum v + (1 - dampening) g, p
 * -= lr v, or, by Nesterov, p -= lr (g + momentum v). Learning rate 0.1 and weight decay (L2) 0 by default.
 *
 * @throws {OptionError} When an option is out of range.
 *
 * @example
 * ```ts
 * import { sgd } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(sgd({ learningRate: 0.5, momentum: 0.9, nesterov: true }).moments.length, 1);
 * ```
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0, dampening = 0, nesterov = false, schedule } = options;
  requireRate("momentum", momentum);
  requireNumber("dampening", dampening, 0);
  if (nesterov && (!momentum || dampening)) {
    throw new OptionError(`"nesterov" needs "momentum" > 0 and "dampening" 0, got ${momentum} and ${dampening}`);
  }
  requireMomentum(schedule, momentum);
  return {
    name: "sgd",
    moments: momentum ? [{ name: "momentum_buffer", initial: 0 }] : [],
    groups: groupsOf(options, { learningRate: 0.1, weightDecay: 0 }),
    schedule,
    settings: (updates, { rate, weightDecay, momentum: now = momentum }) => [
      rate,
      weightDecay,
      now,
      updates ? 1 - dampening : 1,
    ],
    update(k, value, gradient, settings, [velocity], n) {
      if (momentum) k.sgdMomentum(value, velocity, gradient, settings, n, nesterov ? 1 : 0);
      else k.sgd(value, gradient, settings, n);
    },
  };
}

/** A schedule that changes the momentum needs an optimizer that has one. */
export function requireMomentum(schedule: Schedule | undefined, momentum: number): void {
  if (!schedule?.momentum || momentum) return;
  throw new OptionError(`The schedule "${schedule.name}" changes the momentum: the optimizer needs "momentum" > 0`);
}
