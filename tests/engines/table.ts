/** What the program gives in an engine, compared with what it gives in another one, and a table of all engines. */
import { FAST, THREADS } from "./program.ts";

/** The parts of the program, and what each gives. */
export type Found = Readonly<Record<string, string>>;

/** A line of the table. */
export interface Row {
  readonly engine: string;
  /** Why the engine did not run. */
  readonly skipped?: string;
  /** The parts of the exact build that are equal. */
  readonly bits?: string;
  /** Whether the fast build fuses, as far as its bits say. */
  readonly fast?: string;
  readonly threads?: string;
  readonly seconds?: number;
  readonly faults?: readonly string[];
}

/** The comparison; the parts of threads may be missing where an engine has none. */
export function compare(found: Found, want: Found): Pick<Row, "bits" | "fast" | "threads" | "faults"> {
  const exact = Object.keys(found).filter((name) => name !== FAST && name !== THREADS);
  const isMissing = (name: string) => !(name in found) && !/thread/.test(name);
  const faults = [
    ...exact.filter((name) => found[name] !== want[name]).map((name) => `${name}: ${found[name]} not ${want[name]}`),
    ...Object.keys(want).filter(isMissing).map((name) => `${name}: nothing`),
  ];
  if (!/^[0-9a-f]{16} /.test(found[FAST] ?? "")) faults.push(`${FAST}: ${found[FAST]}`);
  const deep = want["lengths, dropout, both directions"];
  const fast = found[FAST] === want[FAST] ? "as in Deno" : found[FAST] === deep ? "as exact" : "its own bits";
  const bits = faults.length ? undefined : `${exact.length} parts equal`;
  return { bits, fast, threads: found[THREADS] ?? "none", faults };
}

/** All rows as a table of Markdown, faults and reasons behind them. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ engine, skipped, bits, fast, threads, seconds, faults }) => [
    engine,
    skipped ? `skipped: ${skipped}` : bits ?? `FAILED: ${faults?.length} faults`,
    skipped ? "" : fast ?? "",
    skipped ? "" : threads ?? "",
    seconds === undefined ? "" : `${seconds.toFixed(1)} s`,
  ]);
  const all = [["engine", "exact bits", "fast", "threads of 2", "time"], ...cells];
  const widths = all[0].map((_, i) => Math.max(...all.map((row) => row[i].length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  const faults = rows.flatMap(({ engine, faults = [] }) => faults.map((fault) => `${engine}: ${fault}`));
  return [line(all[0]), rule, ...all.slice(1).map(line), ...faults].join("\n");
}
