/**
 * Prints the bits of all nets of bits_nets.ts and of all outputs of bits_outputs.ts, for bits.json. Who runs this says
 * that other bits than before are right:
 *
 *     deno run -A tests/support/programs/print_bits.ts > tests/fixtures/bits.json
 */
import { type Bits, bitsOf, isFused, trainingBits } from "../bits.ts";
import { NETS } from "../bits_nets.ts";
import { OUTPUTS } from "../bits_outputs.ts";

if (!await isFused()) throw new Error("Cannot print the bits of the fast build: this machine does not fuse");
const all: Record<string, Record<string, Record<string, Bits>>> = { exact: {}, fast: {} };
for (const build of ["exact", "fast"] as const) {
  const nets: Record<string, Bits> = {}, outputs: Record<string, Bits> = {};
  for (const [name, net] of Object.entries(NETS)) nets[name] = { ...await trainingBits(net, build, 1) };
  for (const [name, output] of Object.entries(OUTPUTS)) outputs[name] = await bitsOf(await output(build));
  all[build] = { nets, outputs };
}
console.log(JSON.stringify(all, undefined, 2));
