import { type Cell, elman, gru, lstm } from "@unroll/rnn";
import type { CellName } from "./cells.ts";

/** What makes the cells: for workers, as the page itself does without the library. */
export const CELLS: Readonly<Record<CellName, () => Cell>> = { elman, gru, lstm };
