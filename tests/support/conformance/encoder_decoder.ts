import { crossEntropy, dense, embedding, gru, type Layer, lstm, recurrent, sequential } from "../../../mod.ts";
import { attention, bahdanau, encoderDecoder, luong } from "../../../models.ts";
import type { Case } from "./read_cases.ts";
import { firstMissing, type Kind, type Result, sessionOn, setParameters } from "./kind.ts";

const CELLS = { LSTM: lstm, GRU: gru };
const OPTIONS = { cell: Object.keys(CELLS), attention: ["bahdanau", "dot", "general", "concat"] };

/** An encoder and a decoder with attention: outputs, weights, loss and all gradients. */
export const encoderAndDecoder: Kind = {
  missing: ({ config }) => firstMissing(config, OPTIONS),

  async run({ config, tolerance, tensors: read }, arithmetic) {
    const tensors = read(), { batch, src_len: steps, tgt_len: decoderSteps } = config;
    const options = { batch, steps, decoderSteps, train: true, loss: crossEntropy() };
    using session = await sessionOn(arithmetic, net(config), options);
    setParameters(session, tensors);
    const results: Result[] = [];
    const compare = (name: string, got: ArrayLike<number>) =>
      results.push({ name, arithmetic, got, want: tensors.floats(name), tolerance });
    const x = tensors.ints("src"), y = tensors.ints("tgt_out");
    const call = { lengths: tensors.ints("src_lengths"), decoderInput: tensors.ints("tgt_in") };
    compare("output", session.forward(x, call));
    const [{ data }] = attention(session).values();
    compare("attention", data);
    compare("loss", [session.accumulate({ x, y }, call).loss]);
    for (const [name, gradient] of session.gradients()) compare(`grad.${name}`, gradient.data);
    return results;
  },
};

function net({ cell: name, bidirectional, attention: kind, ...sizes }: Case["config"]): Layer {
  const { source: V, target: W, embedding: input, hidden, width } = sizes, cell = CELLS[name as keyof typeof CELLS]();
  const source = bidirectional ? 2 * hidden : hidden, inCell = kind === "bahdanau";
  const decoder = recurrent(inCell ? bahdanau(cell, { source, width }) : cell, { input, hidden });
  return encoderDecoder({
    encoder: sequential({ embedding: embedding(V, input), rnn: recurrent(cell, { input, hidden, bidirectional }) }),
    decoder: sequential({
      embedding: embedding(W, input),
      rnn: decoder,
      ...!inCell && { attention: luong(hidden, { source, score: kind }) },
      output: dense(hidden, W),
    }),
  });
}
