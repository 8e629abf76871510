/** Runs a slice of the fuzzer: `fuzz.ts <format> <seed> <from> <to>`. Prints a number before every 50 inputs. */
import { fuzz } from "../fuzz/format.ts";
import { FORMATS } from "../fuzz/formats.ts";

const [name, ...numbers] = Deno.args;
const [seed, from, to] = numbers.map(Number);
const report = (i: number) => {
  if (i % 50 === 0) console.log(i);
};
await fuzz(FORMATS[name], { seed, from, to, report });
