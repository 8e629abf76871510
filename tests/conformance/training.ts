import {
  clipNorm,
  crossEntropy,
  dense,
  embedding,
  type Layer,
  oneHot,
  recurrent,
  sequential,
  type Session,
} from "../../mod.ts";
import type { Case } from "../fixtures/read_cases.ts";
import { firstMissing, type Kind, type Result, sessionOn, setParameters } from "./kind.ts";
import { CELLS } from "./rnn_layer.ts";
import { torchOptimizer } from "./torch_optimizer.ts";

/** What the library has; an option that is not listed here changes nothing, or has any value. */
const OPTIONS = {
  task: ["language_model"],
  mode: Object.keys(CELLS),
  optimizer: ["Adam", "AdamW", "SGD", "RMSprop", "Adagrad"],
  tied_weights: [false],
  dropout: [0],
  bidirectional: [false],
  class_weight: [false],
};
const OPTIMIZER_OPTIONS = { maximize: [false] };

/** Training of a language model, truncated back-propagation through time: losses, norms, parameters. */
export const training: Kind = {
  missing: ({ config }) =>
    firstMissing(config, OPTIONS) ?? firstMissing(config.optimizer_options ?? {}, OPTIMIZER_OPTIONS),

  async run({ config, tolerance, tensors: read }, arithmetic) {
    const { batch: B, seq_len: T, steps, clip_grad_norm: limit } = config, tensors = read();
    using session = await sessionOn(arithmetic, net(config), {
      batch: B,
      steps: T,
      loss: crossEntropy({
        ignoreIndex: config.ignore_index ?? undefined,
        labelSmoothing: config.label_smoothing ?? 0,
      }),
      optimizer: torchOptimizer(config.optimizer, config.optimizer_options),
      clip: limit ? clipNorm(limit) : undefined,
    });
    setParameters(session, tensors);

    const results: Result[] = [];
    const compare = (name: string, group: string, got: ArrayLike<number>) =>
      results.push({ name, arithmetic, got, want: tensors.floats(name), tolerance: tolerance[group] });
    const compareParameters = (prefix: string) => {
      for (const [name, { data }] of session.parameters()) {
        compare(`${prefix}.${name}`, prefix, data);
      }
    };
    const losses: number[] = [], norms: number[] = [];
    for (let step = 0; step < steps; step++) {
      const { loss, gradientNorm } = trainOn(session, tensors.ints("tokens"), step, config);
      losses.push(loss);
      norms.push(gradientNorm);
      if (step === 0) compareParameters("after1");
    }
    compare("loss", "loss", losses);
    compare("grad_norm", "grad_norm", norms);
    compareParameters("final");
    return results;
  },
};

/** One step on a window `[T + 1, B]` of the tokens: each is to predict the next one. */
function trainOn(
  session: Session,
  tokens: Int32Array,
  step: number,
  { seq_len: T, batch: B, carry_state }: Case["config"],
) {
  const at = step * (T + 1) * B;
  const data = { x: tokens.subarray(at, at + T * B), y: tokens.subarray(at + B, at + B + T * B) };
  return session.step(data, { states: carry_state ? "carry" : "zero" });
}

function net(config: Case["config"]): Layer {
  const { mode, vocab, embedding_dim, hidden_size: hidden, num_layers: layers } = config;
  const paddingIndex = config.padding_idx ?? undefined;
  return sequential({
    embedding: embedding_dim === null ? oneHot(vocab) : embedding(vocab, embedding_dim, { paddingIndex }),
    rnn: recurrent(CELLS[mode](config), { input: embedding_dim ?? vocab, hidden, layers }),
    decoder: dense(hidden, vocab),
  });
}
