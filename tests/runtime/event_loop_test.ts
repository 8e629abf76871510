/** Computations that share the event loop with each other and with other tasks. */
import { assert, assertEquals } from "@std/assert";
import { turn } from "../../src/runtime/event_loop.ts";

/** A clock by which a turn is due after each piece. Never set back: the time of the last turn is kept. */
let time = performance.now();
performance.now = () => time += 100;

/** Run computations of so many pieces each. The order of all pieces. */
async function order(pieces: Record<string, number>): Promise<string> {
  let seen = "";
  await Promise.all(
    Object.entries(pieces).map(async ([name, count]) => {
      for (let i = 0; i < count; i++) {
        await turn();
        seen += name;
      }
    }),
  );
  return seen;
}

Deno.test("computations get their turns one after another", async () => {
  assertEquals(await order({ a: 3, b: 3, c: 3 }), "abcabcabc");
  assertEquals(await order({ a: 4, b: 1, c: 2 }), "abcacaa");
});

Deno.test("one computation is woken at a time, each in a task of its own", async () => {
  // An engine may deliver several messages before the next timer: a second one that is sent must come later.
  const { MessageChannel } = globalThis;
  let made = 0, open = 0, most = 0;
  globalThis.MessageChannel = class extends MessageChannel {
    constructor() {
      super();
      made++;
      most = Math.max(most, ++open);
      const close = this.port1.close.bind(this.port1);
      this.port1.close = () => {
        open--;
        close();
      };
    }
  };
  try {
    const seen = await order({ a: 20, b: 20, c: 20, d: 20 });
    assertEquals({ pieces: seen.length, most, open }, { pieces: 80, most: 1, open: 0 });
    assert(made >= 80, `${made} tasks for 80 pieces`);
  } finally {
    globalThis.MessageChannel = MessageChannel;
  }
});

Deno.test("timers run between the pieces of many computations", async () => {
  let isOver = false, timers = 0;
  const computations = Array.from({ length: 8 }, async () => {
    while (!isOver) await turn();
  });
  for (; timers < 5; timers++) await new Promise((resolve) => setTimeout(resolve, 1));
  isOver = true;
  await Promise.all(computations);
  assertEquals(timers, 5);
});
