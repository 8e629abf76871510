import { bahdanau } from "../cells/bahdanau.ts";
import type { Cell } from "../cells/cell.ts";
import { dense } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import { embedding } from "../layers/embedding.ts";
import { encoderDecoder } from "../layers/encoder_decoder.ts";
import type { Layer } from "../layers/layer.ts";
import { luong } from "../layers/luong.ts";
import { recurrent } from "../layers/recurrent.ts";
import { sequential } from "../layers/sequential.ts";
import type { AttentionKind } from "./seq2seq_options.ts";

/** What a model's net is made of. */
export interface Seq2SeqShape {
  readonly cell: Cell;
  readonly hidden: number;
  readonly layers: number;
  readonly bidirectional: boolean;
  readonly attention: AttentionKind;
  readonly embedding: { readonly source: number; readonly target: number };
  readonly dropout: number;
}

/** Embedding, recurrent layers, and in the decoder attention and logits. `tokens`: how many the two sides have. */
export function seq2seqNet(
  tokens: { readonly source: number; readonly target: number },
  { cell, hidden, layers, bidirectional, attention, embedding: widths, dropout: rate }: Seq2SeqShape,
): Layer {
  const kept = (width: number): Record<string, Layer> => rate ? { dropout: dropout(width, rate) } : {};
  const output = Object.values(cell.states(hidden))[0], source = bidirectional ? 2 * output : output;
  const encoder = sequential({
    embedding: embedding(tokens.source, widths.source),
    ...kept(widths.source),
    rnn: recurrent(cell, { input: widths.source, hidden, layers, bidirectional, dropout: rate }),
  });
  const inCell = attention === "bahdanau", onOutputs = attention !== "none" && !inCell;
  const first = recurrent(inCell ? bahdanau(cell, { source }) : cell, {
    input: widths.target,
    hidden,
    layers: inCell ? 1 : layers,
    dropout: rate,
  });
  const decoder = sequential({
    embedding: embedding(tokens.target, widths.target),
    ...kept(widths.target),
    rnn: first,
    // Only the first layer looks.
    ...inCell && layers > 1 && {
      ...rate && { dropout_rnn: dropout(output, rate) },
      upper: recurrent(cell, { input: output, hidden, layers: layers - 1, dropout: rate }),
    },
    ...onOutputs && { attention: luong(output, { source, score: attention }) },
    ...rate && { dropout_output: dropout(output, rate) },
    output: dense(output, tokens.target),
  });
  return encoderDecoder({ encoder, decoder });
}
