import { assert, assertAlmostEquals } from "@std/assert";
import { NGram } from "../../examples/frame/ngram.ts";

Deno.test("the probabilities of an n-gram equal Kneser and Ney's", () => {
  // "abab c": of order 2, b follows a twice, a follows b once and c once; begin is c.
  const [a, b, c] = [0, 1, 2], ngram = new NGram(2, 3, [[a, b, a, b, c]], c);
  // Pairs: (c a) 1, (a b) 2, (b a) 1, (b c) 1, so n1 = 3, n2 = 1, D = 3/5.
  // Contexts of a: c and b; of b: a; of c: b. n1 = 2, n2 = 1, d = 1/2; 4 in all, 3 of them.
  const first = (contexts: number) => (contexts - 0.5 + 0.5 * 3 / 3) / 4;
  const p = (context: number, token: number) => Math.exp(ngram.nats([context, token]) * -1 + ngram.nats([context]));
  assertAlmostEquals(p(a, b), (2 - 0.6 + 0.6 * 1 * first(1)) / 2, 1e-12);
  assertAlmostEquals(p(b, c), (1 - 0.6 + 0.6 * 2 * first(1)) / 2, 1e-12);
  assertAlmostEquals(p(a, c), 0.6 * first(1) / 2, 1e-12);
});

Deno.test("the probabilities of all tokens add up to 1 in seen and unseen contexts", () => {
  const text = [..."the whale swam north and the crew rowed after the whale"].map((x) => x.charCodeAt(0) - 32);
  for (const order of [1, 2, 3, 5]) {
    const ngram = new NGram(order, 96, [text], 95);
    for (const context of [[], [84], [84, 72], [72, 69, 0], [1, 2, 3, 4]]) {
      let sum = 0;
      const before = ngram.nats(context);
      for (let token = 0; token < 96; token++) sum += Math.exp(before - ngram.nats([...context, token]));
      assertAlmostEquals(sum, 1, 1e-9, `order ${order} after [${context}]`);
    }
    assert(ngram.nats(text) / text.length < Math.log(96));
  }
});
