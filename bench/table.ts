/**
 * Every kernel and the whole training step in both builds, each next to the limit of the machine at the same moment:
 *
 *     deno task bench [--filter gemm]
 */
import os from "node:os";
import { parseArgs } from "node:util";
import { hasRelaxedSimd, type Numerics } from "../src/kernels/load.ts";
import { type Case, kernelCases, trainingSteps } from "./cases.ts";
import { measure, SAMPLE_MS, SAMPLES, type Share } from "./measure.ts";
import { type Peak, peak } from "./peak.ts";

const { values: { filter } } = parseArgs({ options: { filter: { type: "string", default: "" } } });
const cases = [...kernelCases, ...trainingSteps].filter(({ group, name }) => `${group}: ${name}`.includes(filter));
if (!cases.length) {
  console.error(`no case has "${filter}" in its name or group`);
  Deno.exit(1);
}

const limit = await peak("fast"), unfused = await peak("exact");
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
    `limit    fused multiply-adds on registers, one thread, 128-bit vectors: now ${gigaflops(limit)} GFLOP/s`,
  );
  console.log(`unfused  the same with a multiplication and an addition: now ${gigaflops(unfused)} GFLOP/s`);
}

async function printTable(numerics: Numerics, limits: Peak[]): Promise<void> {
  const titles = ["% of limit", "best", "% of unfused", "best"].slice(0, 2 * limits.length);
  console.log(`\n${row(`${numerics} build`, "time", "GFLOP/s", "ns/element", "GB/s", ...titles)}`);
  for (const one of cases) console.log(await measuredRow(one, numerics, limits));
}

async function measuredRow({ name, flops, elements, bytes, setup }: Case, numerics: Numerics, limits: Peak[]) {
  const { time, shares } = measure(await setup(numerics), limits, flops);
  return row(
    name,
    duration(time),
    flops && (flops / time / 1e6).toFixed(1),
    elements && (time * 1e6 / elements).toFixed(3),
    bytes && (bytes / time / 1e6).toFixed(1),
    ...(flops ? shares.flatMap(percentages) : []),
  );
}

/** One line, at most 120 characters; a cell without a figure stays empty. */
function row(name: string, ...cells: (string | number | undefined)[]): string {
  const widths = [9, 9, 12, 7, 12, 6, 14, 6];
  return (name.padEnd(44) + cells.map((cell, i) => String(cell ?? "").padStart(widths[i])).join("")).trimEnd();
}

function percentages({ median, best }: Share): string[] {
  return [median, best].map((share) => (share * 100).toFixed(1));
}

function gigaflops(peak: Peak): string {
  return (peak.rate() / 1e9).toFixed(1);
}

/** Three digits with a unit. */
function duration(milliseconds: number): string {
  const [value, unit] = milliseconds >= 1
    ? [milliseconds, "ms"]
    : milliseconds >= 1e-3
    ? [milliseconds * 1e3, "us"]
    : [milliseconds * 1e6, "ns"];
  return `${value.toPrecision(3)} ${unit}`;
}
