import { Generator } from "../../random/generator.ts";

/** How samples are put into batches. */
export interface Arrangement {
  /** Samples of a batch; the last one may have fewer. */
  readonly batch: number;
  /** Whether every epoch has an order of its own. */
  readonly shuffle: boolean;
  /** Seed of the orders. */
  readonly seed: number;
  /** Batches whose samples are sorted by length together; 1: samples stay as they are. */
  readonly bucket: number;
}

/**
 * The batches of an epoch, each the numbers of its samples. The order depends on seed and epoch alone (stream
 * `epoch` of the seed's generator), so an epoch can be entered anywhere.
 *
 * Samples are sorted by length within buckets of `bucket` batches, so that those of a batch are of about one length
 * and little is padding; shuffled, the batches then change places. Samples that are all as long stay as they were.
 * `sizes` says which ones are longer.
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
