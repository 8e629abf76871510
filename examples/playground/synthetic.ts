/** Generated texts with simple rules, so that a reader sees the net learn them. */

/** Random numbers in [0, 1), the same in every run, by mulberry32: a text needs no better generator. */
function uniform(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A repeated tongue-twister, which a net learns by heart within seconds. */
export function tongueTwister(): string {
  const lines = ["she sells sea shells by the sea shore.", "the shells she sells are sea shells, she is sure."];
  return `${lines.join("\n")}\n`.repeat(160);
}

/** Sums of two numbers below 50, one on each line. */
export function sums(): string {
  const draw = uniform(1);
  const number = () => Math.floor(50 * draw());
  return Array.from({ length: 9000 }, () => [number(), number()]).map(([a, b]) => `${a}+${b}=${a + b}\n`).join("");
}

/** Matching brackets with words between: the net has to remember an open bracket until its end. */
export function brackets(): string {
  const draw = uniform(2);
  const pairs = ["()", "[]", "{}"];
  const words = ["a", "be", "sea"];
  const any = <T>(list: readonly T[]) => list[Math.floor(list.length * draw())];
  const nest = (depth: number): string => {
    let text = any(words);
    while (draw() < 0.45) {
      const [open, close] = any(pairs);
      text += depth < 4 ? ` ${open}${nest(depth + 1)}${close}` : ` ${any(words)}`;
    }
    return text;
  };
  return Array.from({ length: 5000 }, () => nest(0) + ".\n").join("");
}
