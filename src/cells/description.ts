import type { ElmanSettings } from "./elman_options.ts";
import type { EquationsData } from "./equations/data.ts";
import type { GruSettings } from "./gru_options.ts";
import type { LstmSettings } from "./lstm_options.ts";

/** A cell as plain data that JSON can hold: its kind and all its options, or its equations. */
export type CellDescription =
  | ElmanSettings & { readonly kind: "elman" }
  | GruSettings & { readonly kind: "gru" }
  | LstmSettings & { readonly kind: "lstm" }
  | { readonly kind: "notesGru" }
  | { readonly kind: "notesLstm" }
  | EquationsData & { readonly kind: "equations" };
