/**
 * Prints time and percentage of the machine's limit of every case, in both builds:
 *
 *     deno task bench [--filter gemm]
 *
 * The limit is measured in the same process, before and after each sample.
 */
import os from "node:os";
import { parseArgs } from "node:util";
import { hasRelaxedSimd, type Numerics } from "../src/kernels/load.ts";
import { cases } from "./cases.ts";
import type { Case } from "./cases/case.ts";
import { type Fraction, measure, SAMPLE_MS, SAMPLES } from "./measure.ts";
import { type Peak, peak } from "./peak.ts";

const { values: { filter } } = parseArgs({ options: { filter: { type: "string", default: "" } } });
const selected = cases.filter(({ group, name }) => `${group}: ${name}`.includes(filter));
if (!selected.length) {
  console.error(`Cannot find a case: no name or group contains "${filter}"`);
  Deno.exit(1);
}

const limit = await peak("fast");
const unfused = await peak("exact");
await printHeader();
await printTable("fast", [limit]);
await printTable("exact", [limit, unfused]);

async function printHeader(): Promise<void> {
  const cpus = os.cpus();
  console.log(`machine  ${cpus[0].model.trim()}, ${cpus.length} cores, ${os.arch()}, ${os.type()}`);
  console.log(
    `date     ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, load ${os.loadavg()[0].toFixed(1)}`,
  );
  console.log(`deno     ${Deno.version.deno}, V8 ${Deno.version.v8}, relaxed SIMD: ${await hasRelaxedSimd()}`);
  console.log(`command  ${["deno task bench", ...Deno.args].join(" ")}`);
  console.log(`time     processor time of this process, median of ${SAMPLES} samples of at least ${SAMPLE_MS} ms`);
  console.log(
    `limit    ${gigaflops(limit)} GFLOP/s now: fused multiply-adds on registers, one thread, 128-bit vectors`,
  );
  console.log(`unfused  ${gigaflops(unfused)} GFLOP/s now: the same loop with a multiplication and an addition`);
}

async function printTable(numerics: Numerics, limits: Peak[]): Promise<void> {
  const titles = ["% of limit", "best", "% of unfused", "best"].slice(0, 2 * limits.length);
  console.log(`\n${row(`${numerics} build`, "time", "GFLOP/s", "ns/element", "GB/s", ...titles)}`);
  for (const each of selected) console.log(await measureRow(each, numerics, limits));
}

async function measureRow({ name, flops, elements, bytes, setup }: Case, numerics: Numerics, limits: Peak[]) {
  const { time, fractions } = measure(await setup(numerics), limits, flops);
  return row(
    name,
    duration(time),
    flops && (flops / time / 1e6).toFixed(1),
    elements && (time * 1e6 / elements).toFixed(3),
    bytes && (bytes / time / 1e6).toFixed(1),
    ...(flops ? fractions.flatMap(percentages) : []),
  );
}

/** One line of at most 120 characters. An undefined cell is empty. */
function row(name: string, ...cells: (string | number | undefined)[]): string {
  const widths = [9, 9, 12, 7, 12, 6, 14, 6];
  return (name.padEnd(44) + cells.map((cell, i) => String(cell ?? "").padStart(widths[i])).join("")).trimEnd();
}

function percentages({ median, best }: Fraction): string[] {
  return [median, best].map((fraction) => (fraction * 100).toFixed(1));
}

function gigaflops(peak: Peak): string {
  return (peak.rate() / 1e9).toFixed(1);
}

/** Milliseconds with three digits and a unit. */
function duration(milliseconds: number): string {
  const [value, unit] = milliseconds >= 1
    ? [milliseconds, "ms"]
    : milliseconds >= 1e-3
    ? [milliseconds * 1e3, "us"]
    : [milliseconds * 1e6, "ns"];
  return `${value.toPrecision(3)} ${unit}`;
}
