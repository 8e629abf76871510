/** An audio thread must not wait for the garbage collector. */
import { assert, assertEquals } from "@std/assert";
import { Bundle, inNode, installed } from "../support/engines.ts";

const PROGRAM = new URL("../support/programs/million_steps.ts", import.meta.url);
const node = installed("node");

/** Collections during a million steps of each net. */
async function collections(...args: string[]): Promise<Record<string, number>> {
  using bundle = await Bundle.of(PROGRAM);
  return JSON.parse(await inNode(node!, bundle, ["--expose-gc"], args));
}

Deno.test({
  name: node
    ? "a million steps of a stream into a given array collect no garbage"
    : "not tested: there is no node here",
  ignore: !node,
  async fn() {
    assertEquals(await collections(), { lstm: 0, gru: 0, tokens: 0 });
    const control = await collections("new arrays");
    assert(Object.values(control).every((count) => count > 0), `steps into new arrays: ${JSON.stringify(control)}`);
  },
});
