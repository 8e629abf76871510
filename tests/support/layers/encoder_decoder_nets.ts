/** Encoder-decoder nets of tokens, one of each kind. */
import {
  type Cell,
  dense,
  embedding,
  gru,
  type Layer,
  lstm,
  recurrent,
  type RecurrentOptions,
  sequential,
} from "../../../mod.ts";
import { bahdanau, type BridgeKind, encoderDecoder, luong } from "../../../models.ts";

/** Vocabulary sizes of the source and of the decoder. */
export const V = 9, W = 7;

interface Parts {
  cell?: Cell;
  decoderCell?: Cell;
  encoder?: Partial<RecurrentOptions>;
  decoder?: Partial<RecurrentOptions>;
  /** A layer on top of the decoder's recurrent layer. */
  attention?: Layer;
  bridge?: BridgeKind;
}

function net({ cell = gru(), decoderCell = cell, encoder, decoder, attention, bridge }: Parts): Layer {
  return encoderDecoder({
    encoder: sequential({ embedding: embedding(V, 3), rnn: recurrent(cell, { input: 3, hidden: 4, ...encoder }) }),
    decoder: sequential({
      embedding: embedding(W, 2),
      rnn: recurrent(decoderCell, { input: 2, hidden: 4, ...decoder }),
      ...attention && { attention },
      output: dense(attention ? attention.output.width : 4, W),
    }),
    bridge,
  });
}

const BOTH = { bidirectional: true };

/** The nets by name. */
export const NETS: Readonly<Record<string, () => Layer>> = {
  "states alone": () => net({ cell: lstm(), encoder: { layers: 2 }, decoder: { layers: 2 } }),
  "no bridge": () => net({ bridge: "none", attention: luong(4, { source: 4, score: "dot" }) }),
  "two directions side by side": () => net({ encoder: { ...BOTH, hidden: 2 }, attention: luong(4, { source: 4 }) }),
  "a dense bridge": () => net({ cell: lstm(), encoder: { ...BOTH, layers: 2 }, decoder: { hidden: [3, 4] } }),
  "luong, dot": () => net({ attention: luong(4, { source: 4, score: "dot", output: 5 }) }),
  "luong, general": () => net({ encoder: BOTH, attention: luong(4, { source: 8, score: "general" }) }),
  "luong, concat": () => net({ encoder: BOTH, attention: luong(4, { source: 8, score: "concat" }) }),
  "bahdanau, gru": () => net({ encoder: BOTH, decoderCell: bahdanau(gru(), { source: 8, width: 3 }) }),
  "bahdanau, lstm with projection, dropout": () =>
    net({
      cell: lstm({ projection: 3 }),
      decoderCell: bahdanau(lstm({ projection: 4 }), { source: 3 }),
      decoder: { recurrentDropout: 0.3 },
      bridge: "dense",
    }),
  "both, two layers": () =>
    net({
      encoder: { layers: 2, dropout: 0.2 },
      decoderCell: bahdanau(gru({ reset: "before" }), { source: 4 }),
      decoder: { layers: 2 },
      attention: luong(4, { source: 4, score: "concat" }),
    }),
};
