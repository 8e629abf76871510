import { Generator } from "../../random/generator.ts";

/** How samples are split into batches. */
export interface Arrangement {
  /** Number of samples in a batch. The last batch may have fewer. */
  readonly batch: number;
  /** Whether every epoch has another random order. */
  readonly shuffle: boolean;
  /** Seed of the random orders. */
  readonly seed: number;
  /** Number of batches in a bucket, whose samples are sorted by length. 1: samples are not sorted. */
  readonly bucket: number;
}

/**
 * The batches of an epoch, each a list of indices of samples. The order depends only on seed and epoch (stream
 * `epoch` of the seed's generator), so training can resume at any batch of an epoch.
 *
 * Samples are sorted by size within buckets of `bucket` batches, so that the samples of a batch have similar lengths
 * and little is padding. With `shuffle`, the batches are then shuffled. Samples of equal size keep their order.
 */
export function arrange(
  sizes: ArrayLike<number>,
  epoch: number,
  { batch, shuffle, seed, bucket }: Arrangement,
): number[][] {
  const order = Array.from(sizes, (_, i) => i), random = new Generator(seed, epoch);
  if (shuffle) random.shuffle(order);
  const batches: number[][] = [], size = batch * bucket;
  for (let from = 0; from < order.length; from += size) {
    const members = order.slice(from, from + size);
    if (bucket > 1) members.sort((a, b) => sizes[a] - sizes[b]);
    for (let i = 0; i < members.length; i += batch) batches.push(members.slice(i, i + batch));
  }
  if (shuffle) random.shuffle(batches);
  return batches;
}
