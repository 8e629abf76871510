/** An audio thread must not wait for the garbage collector. */
import { assert, assertEquals } from "@std/assert";
import { Bundle, inDeno, inNode, installed } from "../support/engines.ts";

const PROGRAM = new URL("../support/programs/million_steps.ts", import.meta.url);
const NETS = ["lstm", "gru", "tokens"];

/** The number of collections between the marks of each net. */
function collections(output: string): number[] {
  return NETS.map((net) => {
    const [, inside] = output.match(new RegExp(`begin ${net}\n(.*)end ${net}\n`, "s"))!;
    return inside.split("\n").filter((line) => line.includes(" MB")).length;
  });
}

Deno.test("a million steps of a stream into a given array collect no garbage", async () => {
  using bundle = await Bundle.of(PROGRAM);
  const node = installed("node");
  assertEquals(collections(await inDeno(bundle, ["--trace-gc"])), [0, 0, 0]);
  if (node) assertEquals(collections(await inNode(node, bundle, ["--trace-gc"])), [0, 0, 0]);
  else console.log("not tested: there is no node here");
});

Deno.test("steps into new arrays do, so that the count of the test above counts", async () => {
  using bundle = await Bundle.of(PROGRAM);
  const counts = collections(await inDeno(bundle, ["--trace-gc"], ["new arrays"]));
  assert(counts.every((count) => count > 0), String(counts));
});
