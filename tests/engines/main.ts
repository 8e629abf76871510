/**
 * Runs one program in many engines, compares the bits with those of this Deno, and prints a table.
 *
 *     deno task test:engines                         # all that can be had here
 *     deno task test:engines npm|system|arm64 ...    # from npm; installed browsers; another processor, under qemu
 *
 * An engine that cannot be had is skipped, and the table says why. Exit code 1 when an engine fails or has other bits.
 */
import { arm64Engines, cleanUp, npmEngines, type Run, Skipped, systemEngines } from "./groups.ts";
import { compare, type Found, type Row, table } from "./table.ts";
import { results } from "./program.ts";

const GROUPS: Record<string, () => Promise<Map<string, Run>>> = {
  npm: npmEngines,
  system: systemEngines,
  arm64: arm64Engines,
};

async function row(engine: string, run: Run, want: Found): Promise<Row> {
  const start = performance.now();
  try {
    const found: Found = JSON.parse(await run());
    return { engine, seconds: (performance.now() - start) / 1000, ...compare(found, want) };
  } catch (error) {
    const text = (error as Error).message;
    return error instanceof Skipped ? { engine, skipped: text } : { engine, faults: [text.slice(0, 600)] };
  }
}

const groups = Deno.args.length ? Deno.args : Object.keys(GROUPS);
const unknown = groups.find((name) => !Object.hasOwn(GROUPS, name));
if (unknown) {
  console.error(`error: expected groups, of ${Object.keys(GROUPS).join(", ")}, not "${unknown}"`);
  Deno.exit(2);
}
const want = await results();
const rows: Row[] = [{ engine: `Deno ${Deno.version.deno}`, ...compare(want, want) }];
for (const name of groups) {
  const runs = await GROUPS[name]().catch((error: Error): Map<string, Run> => {
    return new Map([[name, () => Promise.reject(error)]]);
  });
  for (const [engine, run] of runs) rows.push(await row(engine, run, want));
}
console.log(table(rows));
const failed = rows.filter(({ faults }) => faults?.length).length;
console.log(`\n${rows.filter(({ bits }) => bits).length} engines with the same bits, ${failed} failed`);
cleanUp();
Deno.exit(failed ? 1 : 0);
