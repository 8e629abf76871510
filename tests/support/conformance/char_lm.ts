import { crossEntropy, dense, embedding, mostProbable, recurrent, sequential, type Session } from "../../../mod.ts";
import type { Case } from "./read_cases.ts";
import { EXACT, firstMissing, type Kind, type Result, sessionOn } from "./kind.ts";
import { CELLS } from "./rnn_layer.ts";

/** What PyTorch wrote of a language model, in its JSON file. */
interface Expected {
  readonly vocab: readonly string[];
  readonly generations: readonly { prompt: string; continuation: string }[];
  readonly heldout_text: string;
  readonly heldout_per_char_nll: readonly number[];
  readonly heldout_mean_nll: number;
}

/** A trained language model over characters: what a text costs, and the most probable continuations. */
export const charLm: Kind = {
  missing: ({ config }) => firstMissing(config, { mode: Object.keys(CELLS) }),

  async run({ config, tolerance, tensors, document }, arithmetic) {
    const { vocab, generations, ...expected }: Expected = document(), read = tensors();
    const encode = (text: string) => [...text].map((character) => vocab.indexOf(character));
    const text = encode(expected.heldout_text), x = text.slice(0, -1), y = text.slice(1);
    using session = await sessionOn(arithmetic, net(config), { batch: 1, steps: x.length, loss: crossEntropy() });
    session.setParameters(new Map(read.names().map((name) => [name, read.tensor(name)])));

    const compare = (name: string, got: ArrayLike<number>, want: ArrayLike<number>, tolerance = EXACT): Result => {
      return { name, arithmetic, got, want, tolerance };
    };
    const mean = { atol: tolerance.mean_nll_abs, rtol: 0 };
    return [
      compare("heldout_per_char_nll", session.losses({ x, y }), expected.heldout_per_char_nll, tolerance),
      compare("heldout_mean_nll", [session.evaluate({ x, y }).loss], [expected.heldout_mean_nll], mean),
      ...generations.map(({ prompt, continuation }) => {
        const want = encode(continuation);
        return compare(`after ${JSON.stringify(prompt)}`, generate(session, encode(prompt), want.length), want);
      }),
    ];
  },
};

/** The most probable token each time, the first of those alike. */
function generate(session: Session, prompt: readonly number[], length: number): number[] {
  const stream = session.stream(), tokens: number[] = [];
  let output: Float32Array = new Float32Array();
  for (const token of prompt) output = stream.step([token]);
  while (tokens.length < length) {
    const token = mostProbable(output);
    tokens.push(token);
    output = stream.step([token]);
  }
  return tokens;
}

function net(config: Case["config"]) {
  const { mode, vocab, embedding_dim: width, hidden_size: hidden, num_layers: layers } = config;
  return sequential({
    embedding: embedding(vocab, width),
    rnn: recurrent(CELLS[mode](config), { input: width, hidden, layers }),
    decoder: dense(hidden, vocab),
  });
}
