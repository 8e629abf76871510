/**
 * Runs test files, each in a process of its own, as many at a time as the machine has cores; then the files of `ALONE`,
 * one at a time. Prints a line for each file, and all that a failing file prints. Types are not checked: the gate does.
 *
 *     deno run -A tests/run.ts test|quick|slow [PATH]...    # a PATH is a test file or a folder; default: the tier's
 *     deno run -A tests/run.ts doc PATH...                  # the examples in sources and pages, types checked
 */
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ALONE, TIERS } from "./tiers.ts";

const TESTS = new URL("./", import.meta.url);
const CONFIG = `--config=${fileURLToPath(new URL("deno.json", TESTS))}`;
const FLAGS = ["--no-check", "--v8-flags=--expose-gc"];

/** What one `deno test` did. */
interface Report {
  readonly passed: number;
  readonly failed: number;
  /** Why tests do not run here. */
  readonly skipped: readonly string[];
}

/** Every test file below a folder, by its path in this one. */
function testFiles(folder = ""): string[] {
  return [...Deno.readDirSync(new URL(folder, TESTS))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return testFiles(`${folder}${name}/`);
    return name.endsWith("_test.ts") ? [folder + name] : [];
  }).sort();
}

/** Whether a file is among these files and folders. */
function isAmong(file: string, paths: readonly string[]): boolean {
  return paths.some((path) => path === file || path === "" || path.endsWith("/") && file.startsWith(path));
}

/** A path that the user gave, relative to this folder. */
function inTests(path: string): string {
  const inside = relative(fileURLToPath(TESTS), resolve(path)).replaceAll("\\", "/");
  return inside === "" || inside.endsWith(".ts") ? inside : `${inside}/`;
}

function runFile(file: string): Promise<Report> {
  return runTests(file, [...FLAGS, fileURLToPath(new URL(file, TESTS))]);
}

async function runTests(name: string, args: readonly string[]): Promise<Report> {
  const start = performance.now();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", CONFIG, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const report = read(code, output), { passed, failed, skipped } = report;
  const counts = [[failed, "failed"], [passed, "passed"], [skipped.length, "skipped"]].filter(([count]) => count);
  console.log(
    `${failed ? "FAILED" : "ok"} ${name}: ${counts.map((count) => count.join(" ")).join(", ")} (${seconds} s)`,
  );
  if (failed) console.log(output.replaceAll(/^.* \.\.\. ok \(.*\)\n/gm, ""));
  return report;
}

/**
 * The counts at the end of what `deno test` prints; a file that cannot be loaded has none, and fails by its exit code.
 */
function read(code: number, output: string): Report {
  const summary = output.match(/^(?:ok|FAILED) \| .*$/gm)?.at(-1) ?? "";
  const count = (word: string) => Number(summary.match(new RegExp(`(\\d+) ${word}`))?.[1] ?? 0);
  const failed = count("failed");
  return {
    passed: count("passed"),
    failed: code === 0 ? failed : Math.max(failed, 1),
    skipped: [...output.matchAll(/^(.*) \.\.\. ignored|^(not tested: .*)$/gm)].map(([, test, note]) => test ?? note),
  };
}

/** Runs files in their order, so many at a time. */
async function runAll(files: readonly string[], workers: number): Promise<Report[]> {
  const queue = files.values();
  const reports: Report[] = [];
  await Promise.all(Array.from({ length: workers }, async () => {
    for (const file of queue) reports.push(await runFile(file));
  }));
  return reports;
}

/** Runs the files of a tier, or those that are named instead. */
async function runTier(tier: string, paths: readonly string[]): Promise<Report[]> {
  const { files, without } = TIERS[tier];
  const chosen = testFiles().filter((file) => {
    return paths.length ? isAmong(file, paths) : isAmong(file, files) && !isAmong(file, without);
  });
  const alone = chosen.filter((file) => isAmong(file, Object.keys(ALONE)));
  const together = chosen.filter((file) => !alone.includes(file));
  return [...await runAll(together, navigator.hardwareConcurrency), ...await runAll(alone, 1)];
}

const [tier, ...paths] = Deno.args;
if (tier !== "doc" && !Object.hasOwn(TIERS, tier)) {
  console.error(`error: expected a tier, one of ${Object.keys(TIERS).join(", ")} or doc, not "${tier}"`);
  Deno.exit(2);
}
const start = performance.now();
const reports = tier === "doc" ? [await runTests("doc", ["--doc", ...paths])] : await runTier(tier, paths.map(inTests));
const seconds = ((performance.now() - start) / 1000).toFixed(0);
const sum = (count: (report: Report) => number) => reports.reduce((total, report) => total + count(report), 0);
const passed = sum((report) => report.passed), failed = sum((report) => report.failed);
for (const reason of new Set(reports.flatMap(({ skipped }) => skipped))) console.log(`skipped: ${reason}`);
console.log(`${passed} passed, ${failed} failed, ${reports.length} files, ${seconds} s`);
if (failed || !passed) Deno.exit(1);
