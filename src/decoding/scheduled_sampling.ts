import { OptionError } from "../errors.ts";
import { exp } from "../kernels/real.ts";
import { Generator } from "../random/generator.ts";
import { decode } from "../runtime/decoder.ts";
import type { Session } from "../session/session.ts";
import { sample } from "../text/sampling.ts";
import { arrange } from "../training/data/arrangement.ts";
import type { Batch } from "../training/data/batch.ts";
import { collate, type Samples, sizesOf, stepsOf } from "../training/data/samples.ts";

/** First random stream of the draws; the streams below are those of the order of samples. */
const FIRST_STREAM = 2 ** 33;

/** Options of `scheduledSampling`. */
export interface SamplingOptions {
  /** Samples of a batch. */
  readonly batch: number;
  /** Number of batches whose samples are sorted by length together: see `arrange`. */
  readonly bucket: number;
  /** Seed of the order of samples and of the draws. */
  readonly seed: number;
  /** The probability, before update `step`, that a token of the decoder's input comes from the net. */
  probability(step: number): number;
}

/**
 * The batches of each epoch for scheduled sampling (Bengio, Vinyals, Jaitly & Shazeer 2015, "Scheduled sampling for
 * sequence prediction with recurrent neural networks"). With some probability, drawn for each token, the decoder reads
 * a token that it has drawn from its own prediction in the place of the target's token.
 *
 * The decoder first runs step by step to choose its input; an ordinary training pass on that input follows. This equals
 * the paper's training, because no gradient flows through a draw. The order of samples is the trainer's. All draws
 * depend on the seed and the number of the update alone.
 */
export function scheduledSampling(
  session: Session,
  samples: Samples,
  { probability, ...arrangement }: SamplingOptions,
): (epoch: number) => Iterable<Batch> {
  const { layout } = session;
  const steps = stepsOf(samples, layout, session.steps);
  const sizes = sizesOf(samples, steps, layout);
  return function* (epoch) {
    const batches = arrange(sizes, epoch, { ...arrangement, shuffle: true });
    for (const [i, members] of batches.entries()) {
      const step = (epoch - 1) * batches.length + i;
      const p = probability(step);
      const batch = collate(samples, members, steps, layout);
      if (!(p >= 0 && p <= 1)) {
        throw new OptionError(`"sampling" must be a probability from 0 to 1, got ${p} at step ${step}`);
      }
      yield p === 0 ? batch : sampled(session, batch, p, new Generator(arrangement.seed, FIRST_STREAM + step));
    }
  };
}

/**
 * The time-major batch with some tokens of the decoder's input, each with probability p, drawn from the net's
 * predictions.
 */
function sampled(session: Session, batch: Batch, p: number, random: Generator): Batch {
  const { x, lengths } = batch;
  const B = batch.batch!;
  const input = Int32Array.from(batch.decoderInput!);
  const decoder = decode(session, x, { batch: B, lengths });
  const { output: V } = session.layout;
  const logits = new Float32Array(B * V);
  for (let at = 0; at + B < input.length; at += B) {
    decoder.step(input.subarray(at, at + B), logits);
    for (let b = 0; b < B; b++) {
      // Both numbers are drawn for every token, so that no draw depends on the outcome of another one.
      const coin = random.uniform();
      const draw = random.uniform();
      if (coin < p) input[at + B + b] = sample(exponentials(logits.subarray(b * V, (b + 1) * V)), draw);
    }
  }
  return { ...batch, decoderInput: input };
}

/** exp(logit - largest logit): a softmax that is not normalised, which `sample` allows. */
function exponentials(logits: Float32Array): Float32Array {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  return logits.map((logit) => exp(logit - largest));
}
