/** The cells that the page offers, by their names in the library. */
export const CELL_NAMES = ["elman", "gru", "lstm"] as const;
export type CellName = typeof CELL_NAMES[number];

/** What a reader calls them. */
export const CELL_TITLES: Readonly<Record<CellName, string>> = { elman: "tanh RNN", gru: "GRU", lstm: "LSTM" };
