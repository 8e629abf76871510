/**
 * Runs every case of a folder against the library:
 *
 *     deno task conformance DIR
 *
 * The folder has a `cases.json` and the files it names (`tests/fixtures/make_fixtures.py` describes the format). One
 * line a case: its largest error, of both builds, as a share of the tolerance, and in units of float32 PyTorch's own.
 * A case that is `advisory` allows another result, if that is documented. Exits with 1 when a case failed.
 */
import { type Case, readCases } from "./read_cases.ts";
import { KINDS } from "./kinds.ts";
import { describe, judge } from "./verdict.ts";

type Outcome = "passed" | "failed" | "skipped" | "differs";

/** Runs the cases, prints a line for each and the sum of them; returns how many went how. */
export async function runFolder(folder: URL, print: (line: string) => void): Promise<Record<Outcome, number>> {
  const counts = { passed: 0, failed: 0, skipped: 0, differs: 0 };
  for (const test of readCases(folder)) {
    const { outcome, text } = await runCase(test);
    counts[outcome]++;
    print(`${outcome.padEnd(7)} ${test.name} (${test.kind}): ${text}`);
  }
  const skipped = counts.skipped ? `, ${counts.skipped} skipped` : "";
  const differs = counts.differs ? `, ${counts.differs} differ where another result is allowed` : "";
  print(`${counts.passed} passed, ${counts.failed} failed${skipped}${differs}`);
  return counts;
}

async function runCase(test: Case): Promise<{ outcome: Outcome; text: string }> {
  const kind = Object.hasOwn(KINDS, test.kind) ? KINDS[test.kind] : undefined;
  if (!kind) return { outcome: "skipped", text: "there is no such kind yet" };
  const other = test.advisory ? "differs" : "failed";
  try {
    const missing = kind.missing(test);
    if (missing) return { outcome: "skipped", text: `there is no ${missing} yet` };
    const verdict = judge(test, [...await kind.run(test, "fast"), ...await kind.run(test, "exact")]);
    return { outcome: verdict.passed ? "passed" : other, text: describe(verdict) };
  } catch (error) {
    return { outcome: other, text: String(error) };
  }
}

if (import.meta.main) {
  if (Deno.args.length !== 1) {
    console.error("Usage: deno task conformance DIR");
    Deno.exit(2);
  }
  const here = new URL(`file://${Deno.cwd()}/`);
  const { failed } = await runFolder(new URL(`${Deno.args[0]}/`, here), console.log);
  if (failed) Deno.exit(1);
}
