/** Texts that are made, not written: small worlds whose rules can be seen to be learned. */

/** Numbers from 0 to below 1, the same in every run: mulberry32, small enough for what is only a text. */
function draws(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let bits = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A tongue-twister, again and again: learned by heart within seconds. */
export function tongueTwister(): string {
  const lines = ["she sells sea shells by the sea shore.", "the shells she sells are sea shells, she is sure."];
  return `${lines.join("\n")}\n`.repeat(160);
}

/** Sums of two numbers below 50, one a line. */
export function sums(): string {
  const draw = draws(1), number = () => Math.floor(50 * draw());
  return Array.from({ length: 9000 }, () => [number(), number()]).map(([a, b]) => `${a}+${b}=${a + b}\n`).join("");
}

/** Brackets that match, with words in between: what is open has to be remembered until it closes. */
export function brackets(): string {
  const draw = draws(2), pairs = ["()", "[]", "{}"], words = ["a", "be", "sea"];
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
