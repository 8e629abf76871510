/** The cells of the page, by their names in the library. */
export const CELL_NAMES = ["elman", "gru", "lstm"] as const;
export type CellName = typeof CELL_NAMES[number];

export const CELL_TITLES: Readonly<Record<CellName, string>> = { elman: "tanh RNN", gru: "GRU", lstm: "LSTM" };
