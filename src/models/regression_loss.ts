import { OptionError, requireNumber, requireOneOf, ShapeError } from "../errors.ts";
import type { Loss } from "../training/losses/loss.ts";
import { absoluteError, huber, squaredError } from "../training/losses/regression.ts";
import { meanAbsoluteError, meanSquaredError } from "../training/metrics/regression.ts";
import type { NumberMetrics, RegressionLoss } from "./task_options.ts";

/** What models of numbers are measured by. */
export const NUMBER_METRICS: NumberMetrics = {
  meanAbsoluteError: meanAbsoluteError(),
  meanSquaredError: meanSquaredError(),
};

/** The loss of that name. */
export function regressionLoss(name: RegressionLoss): Loss {
  const losses = { squared: squaredError, absolute: absoluteError, huber };
  return losses[requireOneOf("loss", name, ["squared", "absolute", "huber"])]();
}

/**
 * The numbers of a target.
 *
 * @throws {ShapeError} When there are not `width` of them.
 * @throws {OptionError} When one is not finite.
 */
export function numbersOf(target: number | ArrayLike<number>, width: number, sample: number): ArrayLike<number> {
  const numbers = typeof target === "number" ? [target] : target ?? [];
  if (numbers.length !== width) {
    throw new ShapeError(
      `Cannot read the target of sample ${sample}: expected ${width} numbers, got ${numbers.length}`,
    );
  }
  try {
    for (let i = 0; i < width; i++) requireNumber("target", numbers[i]);
  } catch (error) {
    throw new OptionError(`Cannot read sample ${sample}: ${(error as Error).message}`);
  }
  return numbers;
}
