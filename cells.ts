/**
 * Cells beside those of the main entry: the lecture notes' GRU and LSTM, to the letter.
 *
 * @module
 */
export { notesGru } from "./src/cells/notes_gru.ts";
export { notesLstm } from "./src/cells/notes_lstm.ts";
