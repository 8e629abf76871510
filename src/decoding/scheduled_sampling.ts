import { OptionError } from "../errors.ts";
import { exp } from "../kernels/real.ts";
import { Generator } from "../random/generator.ts";
import { sample } from "../text/sampling.ts";
import { arrange } from "../training/data/arrangement.ts";
import type { Batch } from "../training/data/batch.ts";
import { collate, type Samples, sizesOf, stepsOf } from "../training/data/samples.ts";
import { decode } from "../runtime/decoder.ts";
import type { Session } from "../session/session.ts";

/** Streams of the seed below are those of the order of samples. */
const COINS = 2 ** 33;

/** How batches are made, and how probable it is before update `step` that a token is the net's own. */
export interface SamplingOptions {
  readonly batch: number;
  readonly bucket: number;
  readonly seed: number;
  probability(step: number): number;
}

/**
 * The batches of each epoch for scheduled sampling (Bengio, Vinyals, Jaitly & Shazeer 2015, "Scheduled sampling for sequence
 * prediction with recurrent neural networks"): with some probability, drawn for each token, the decoder reads not the target's
 * token but one drawn from what it has predicted before it. The decoder runs step by step first, to choose its input; the
 * training pass on that is then an ordinary one, which is the paper's, as no gradient flows through a draw. The order of samples is the
 * trainer's; all draws depend on the seed and the number of the update alone.
 */
export function scheduledSampling(
  session: Session,
  samples: Samples,
  { probability, ...arrangement }: SamplingOptions,
): (epoch: number) => Iterable<Batch> {
  const { layout } = session, steps = stepsOf(samples, layout, session.steps), sizes = sizesOf(samples, steps, layout);
  return function* (epoch) {
    const batches = arrange(sizes, epoch, { ...arrangement, shuffle: true });
    for (const [i, members] of batches.entries()) {
      const step = (epoch - 1) * batches.length + i,
        p = probability(step),
        batch = collate(samples, members, steps, layout);
      if (!(p >= 0 && p <= 1)) {
        throw new OptionError(`"sampling" must be a probability from 0 to 1, got ${p} at step ${step}`);
      }
      yield p === 0 ? batch : mixed(session, batch, p, new Generator(arrangement.seed, COINS + step));
    }
  };
}

/** The batch with some tokens of the decoder's input drawn from the net's own predictions: time-major. */
function mixed(session: Session, batch: Batch, p: number, random: Generator): Batch {
  const { x, lengths } = batch, B = batch.batch!, input = Int32Array.from(batch.decoderInput!);
  const decoder = decode(session, x, { batch: B, lengths }), { output: V } = session.layout;
  const logits = new Float32Array(B * V);
  for (let at = 0; at + B < input.length; at += B) {
    decoder.step(input.subarray(at, at + B), logits);
    for (let b = 0; b < B; b++) {
      // Both are drawn for every token, so that no draw depends on another one's outcome.
      const coin = random.uniform(), draw = random.uniform();
      if (coin < p) input[at + B + b] = sample(softmax(logits.subarray(b * V, (b + 1) * V)), draw);
    }
  }
  return { ...batch, decoderInput: input };
}

function softmax(logits: Float32Array): Float32Array {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  return logits.map((logit) => exp(logit - largest));
}
