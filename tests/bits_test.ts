/**
 * What the library computes never changes by a bit. fixtures/bits.json has what version 0.1 computed, written by
 * support/programs/print_bits.ts: the parameters of trained nets (support/bits_nets.ts) and outputs
 * (support/bits_outputs.ts).
 *
 * The bits of the exact build are the same everywhere. Those of the fast build are known where multiplications and
 * additions are fused; elsewhere the fast build has the bits of the exact one.
 */
import { assertEquals } from "@std/assert";
import known from "./fixtures/bits.json" with { type: "json" };
import { type Bits, bitsOf, isFused, trainingBits } from "./support/bits.ts";
import { type Build, NETS } from "./support/bits_nets.ts";
import { OUTPUTS } from "./support/bits_outputs.ts";

type Known = Readonly<Record<string, Bits>>;

const BUILDS: readonly Build[] = ["exact", "fast"], fused = await isFused();
const wanted = (build: Build): { nets: Known; outputs: Known } => known[fused ? build : "exact"];

Deno.test("all nets and outputs have known bits, and there are no others", () => {
  for (const { nets, outputs } of BUILDS.map(wanted)) {
    assertEquals([Object.keys(nets), Object.keys(outputs)], [Object.keys(NETS), Object.keys(OUTPUTS)]);
  }
});

for (const [name, net] of Object.entries(NETS)) {
  Deno.test(`the bits after 50 steps: ${name}`, async () => {
    for (const build of BUILDS) {
      for (const threads of net.threaded?.includes(build) ? [1, 2] : [1]) {
        const bits: Bits = { ...await trainingBits(net, build, threads) };
        assertEquals(bits, wanted(build).nets[name], `${build} build, ${threads} threads`);
      }
    }
  });
}

for (const [name, output] of Object.entries(OUTPUTS)) {
  Deno.test(`the bits of outputs: ${name}`, async () => {
    for (const build of BUILDS) assertEquals(await bitsOf(await output(build)), wanted(build).outputs[name], build);
  });
}
