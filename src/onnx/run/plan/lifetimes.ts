/** Numbers that a plan needs for some of its steps. */
export interface Lifetime {
  readonly size: number;
  /** The step that writes them first. */
  readonly first: number;
  /** The last step that reads or writes them. */
  readonly last: number;
}

/** Numbers of a buffer are at multiples of this many, a cache line. */
const LINE = 16;

/**
 * Places buffers so that two that live at the same step do not overlap: in the order of their first steps, each in the
 * smallest free block that holds it, else at the end.
 *
 * @returns The offset of each, and the size of all.
 */
export function place(lifetimes: readonly Lifetime[]): { offsets: number[]; size: number } {
  const offsets = new Array<number>(lifetimes.length).fill(0), free: { offset: number; size: number }[] = [];
  const byFirst = [...lifetimes.keys()].sort((a, b) => lifetimes[a].first - lifetimes[b].first);
  const byLast = [...lifetimes.keys()].sort((a, b) => lifetimes[a].last - lifetimes[b].last);
  let end = 0, ended = 0;
  for (const i of byFirst) {
    for (; ended < byLast.length && lifetimes[byLast[ended]].last < lifetimes[i].first; ended++) {
      const { size } = lifetimes[byLast[ended]];
      free.push({ offset: offsets[byLast[ended]], size: Math.ceil(size / LINE) * LINE });
    }
    const size = Math.ceil(lifetimes[i].size / LINE) * LINE;
    let best = -1;
    free.forEach((block, b) => {
      if (block.size >= size && (best < 0 || block.size < free[best].size)) best = b;
    });
    const block = free[best] ?? { offset: end, size };
    offsets[i] = block.offset;
    if (best < 0) end += size;
    else if (block.size > size) free[best] = { offset: block.offset + size, size: block.size - size };
    else free.splice(best, 1);
  }
  return { offsets, size: end };
}
