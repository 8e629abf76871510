import { FormatError, OptionError, ShapeError } from "../../errors.ts";
import type { Budget } from "../../formats/limits.ts";

/**
 * The budget of the work that is going on: it runs without a break, so there is one at a time. Undefined for work whose
 * size the caller has chosen.
 */
let current: Budget | undefined;

/**
 * Works within a budget.
 *
 * @throws {FormatError} When the work takes more.
 */
export function within<Result>(budget: Budget, work: () => Result): Result {
  const before = current;
  current = budget;
  try {
    return work();
  } finally {
    current = before;
  }
}

/**
 * Reads a part of a file within a budget.
 *
 * @throws {FormatError} When the part takes more, or its shapes do not fit together.
 */
export function readWithin<Result>(budget: Budget, read: () => Result): Result {
  try {
    return within(budget, read);
  } catch (error) {
    const isFault = error instanceof ShapeError || error instanceof OptionError;
    throw isFault ? new FormatError(`Cannot read ONNX: ${error.message}`) : error;
  }
}

/**
 * Takes the memory of so many elements, or the time to visit them, from the budget.
 *
 * @throws {FormatError} When the budget does not have them.
 */
export function spend(elements: number): void {
  current?.spend(8 * elements);
}
