import { FormatError, ShapeError } from "../../errors.ts";
import { Budget } from "../../formats/limits.ts";

/** The budget of the reader that is at work: readers run without a break, so there is one at a time. */
let current = Budget.unlimited;

/**
 * Reads a part of a file within a budget.
 *
 * @throws {FormatError} When the part takes more, or its shapes do not fit together.
 */
export function within<Result>(budget: Budget, read: () => Result): Result {
  const before = current;
  current = budget;
  try {
    return read();
  } catch (error) {
    throw error instanceof ShapeError ? new FormatError(`Cannot read ONNX: ${error.message}`) : error;
  } finally {
    current = before;
  }
}

/**
 * Takes the memory of so many elements, or the time to visit them, from the budget.
 *
 * @throws {FormatError} When the budget does not have them.
 */
export function spend(elements: number): void {
  current.spend(8 * elements);
}
