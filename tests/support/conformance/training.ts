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
} from "../../../mod.ts";
import { encoderDecoder } from "../../../models.ts";
import type { Case, CaseTensors } from "./read_cases.ts";
import { firstMissing, type Kind, type Result, sessionOn, setParameters } from "./kind.ts";
import { CELLS } from "./rnn_layer.ts";
import { torchOptimizer } from "./torch_optimizer.ts";

/** What is trained in a case: the net, what a step reads, and the case's names of the parameters by the net's. */
interface Subject {
  readonly net: Layer;
  readonly steps: number;
  readonly decoderSteps?: number;
  readonly names: ReadonlyMap<string, string>;
  step(session: Session, step: number): ReturnType<Session["step"]>;
}

/** What the library has; an option that is not listed here changes nothing, or has any value. */
const OPTIONS = {
  mode: Object.keys(CELLS),
  optimizer: ["Adam", "AdamW", "SGD", "RMSprop", "Adagrad"],
};
const OPTIMIZER_OPTIONS = { maximize: [false] };

/**
 * Training of a language model by truncated back-propagation through time, or of an encoder and a decoder: losses,
 * norms, parameters.
 */
export const training: Kind = {
  missing({ config, tensors }) {
    const option = firstMissing(config, OPTIONS) ?? firstMissing(config.optimizer_options ?? {}, OPTIMIZER_OPTIONS) ??
      (config.dropout ? `dropout ${config.dropout} with PyTorch's random numbers` : undefined);
    if (option || config.task === "language_model") return option;
    return pairNames(tensors()) && !config.attention
      ? undefined
      : `task ${JSON.stringify(config.task)} of these tensors`;
  },

  async run({ config, tolerance, tensors: read }, arithmetic) {
    const { batch: B, steps, clip_grad_norm: limit } = config, tensors = read();
    const subject = config.task === "language_model" ? languageModel(config, tensors) : pairs(config, tensors);
    using session = await sessionOn(arithmetic, subject.net, {
      batch: B,
      steps: subject.steps,
      decoderSteps: subject.decoderSteps,
      loss: crossEntropy({
        ignoreIndex: config.ignore_index ?? undefined,
        labelSmoothing: config.label_smoothing ?? 0,
        classWeights: config.class_weight ? tensors.floats("class_weight") : undefined,
      }),
      optimizer: torchOptimizer(config.optimizer, config.optimizer_options),
      clip: limit ? clipNorm(limit) : undefined,
    });
    setParameters(session, tensors, subject.names);

    const results: Result[] = [];
    const compare = (name: string, group: string, got: ArrayLike<number>) =>
      results.push({ name, arithmetic, got, want: tensors.floats(name), tolerance: tolerance[group] });
    const compareParameters = (prefix: string) => {
      for (const [name, { data }] of session.parameters()) {
        const theirs = subject.names.get(name) ?? name;
        if (tensors.has(theirs)) compare(`${prefix}.${theirs}`, prefix, data);
      }
    };
    const losses: number[] = [], norms: number[] = [];
    for (let step = 0; step < steps; step++) {
      const { loss, gradientNorm } = subject.step(session, step);
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

/** Steps on windows `[T + 1, B]` of the tokens: each is to predict the next one. */
function languageModel(config: Case["config"], tensors: CaseTensors): Subject {
  const { mode, vocab, embedding_dim, hidden_size: hidden, num_layers: layers, seq_len: T, batch: B } = config;
  const { bidirectional = false, tied_weights } = config, width = bidirectional ? 2 * hidden : hidden;
  const paddingIndex = config.padding_idx ?? undefined, tokens = tensors.ints("tokens");
  const tied: Record<string, string> = tied_weights ? { "decoder.weight": "embedding.weight" } : {};
  const net = sequential({
    embedding: embedding_dim === null ? oneHot(vocab) : embedding(vocab, embedding_dim, { paddingIndex }),
    rnn: recurrent(CELLS[mode](config), { input: embedding_dim ?? vocab, hidden, layers, bidirectional }),
    decoder: dense(width, vocab),
  }, { tied });
  return {
    net,
    steps: T,
    names: new Map(),
    step(session, step) {
      const at = step * (T + 1) * B;
      const data = { x: tokens.subarray(at, at + T * B), y: tokens.subarray(at + B, at + B + T * B) };
      return session.step(data, { states: config.carry_state ? "carry" : "zero" });
    },
  };
}

/** Steps on sources `[S, B]` and what their encoder's last states make a decoder write, `[T, B]`. */
function pairs(config: Case["config"], tensors: CaseTensors): Subject {
  const names = pairNames(tensors)!, shape = (name: string) => tensors.shape(names.get(name)!);
  const { mode, num_layers: layers = 1, batch: B } = config, paddingIndex = config.padding_idx ?? undefined;
  const part = (side: string) => {
    const [vocabulary, input] = shape(`${side}.embedding.weight`), hidden = shape(`${side}.rnn.weight_hh_l0`)[1];
    const rnn = recurrent(CELLS[mode](config), { input, hidden, layers });
    return { embedding: embedding(vocabulary, input, { paddingIndex }), rnn };
  };
  const [classes, width] = shape("decoder.output.weight");
  const net = encoderDecoder({
    encoder: sequential(part("encoder")),
    decoder: sequential({ ...part("decoder"), output: dense(width, classes) }),
  });
  /** Those of a step, where the case has others for each; all sequences are time-major. */
  const of = (name: string, rank: number, step: number) => {
    const data = tensors.ints(name), size = tensors.shape(name).slice(-rank).reduce((a, b) => a * b);
    return data.length === size ? data : data.subarray(step * size, (step + 1) * size);
  };
  return {
    net,
    steps: tensors.shape("src").at(-2)!,
    decoderSteps: tensors.shape("tgt_in").at(-2)!,
    names,
    step(session, step) {
      const lengths = tensors.has("src_lengths") ? of("src_lengths", 1, step) : undefined;
      const data = { x: of("src", 2, step), y: of("tgt_out", 2, step) };
      return session.step(data, { batch: B, lengths, decoderInput: of("tgt_in", 2, step) });
    },
  };
}

/**
 * The case's names of the parameters of an encoder and a decoder, each an embedding and recurrent layers, and a dense
 * layer, as far as their names and shapes tell which is which; undefined when they do not, or there are others.
 */
function pairNames(tensors: CaseTensors): Map<string, string> | undefined {
  const data = /^(after1|final)\.|^(src|src_lengths|tgt_in|tgt_out|tgt_lengths|loss|grad_norm)$/;
  const found = new Map<string, string>(), all = tensors.names().filter((name) => !data.test(name));
  for (const name of all) {
    const side = /enc|src|source/i.test(name) ? "encoder" : /dec|tgt|trg|target/i.test(name) ? "decoder" : undefined;
    const recurrent = name.match(/(weight|bias)_(ih|hh)_l\d+$/)?.[0], kind = name.match(/(weight|bias)$/)?.[0];
    const isDense = kind && all.includes(name.replace(/weight$/, "bias"));
    if (recurrent && side) found.set(`${side}.rnn.${recurrent}`, name);
    else if (isDense) found.set(`decoder.output.${kind}`, name);
    else if (kind === "weight" && side) found.set(`${side}.embedding.weight`, name);
    else return undefined;
  }
  const needed = [
    "encoder.embedding.weight",
    "decoder.embedding.weight",
    "decoder.output.bias",
    "encoder.rnn.weight_hh_l0",
  ];
  return found.size === all.length && needed.every((name) => found.has(name)) ? found : undefined;
}
