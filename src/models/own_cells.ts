import type { Cell } from "../cells/cell.ts";
import { elman } from "../cells/elman.ts";
import { gru } from "../cells/gru.ts";
import { lstm } from "../cells/lstm.ts";
import { FormatError } from "../errors.ts";

/**
 * One of the library's cells by the name that a saved model has for it. `what` is the kind of model.
 *
 * @throws {FormatError} When there is none: it was a cell of one's own, or one with options.
 */
export function ownCell(name: string, what: string): Cell {
  const cells = [true, false].flatMap((bias) => [
    lstm({ bias }),
    gru({ bias }),
    gru({ bias, reset: "before" }),
    elman({ bias }),
    elman({ bias, activation: "relu" }),
    elman({ bias, activation: "identity" }),
  ]);
  const cell = cells.find((cell) => cell.name === name);
  if (cell) return cell;
  throw new FormatError(`Cannot load ${what}: its cell "${name}" is none of ours; give it as option "cell"`);
}
