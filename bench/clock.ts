import process from "node:process";

/**
 * Processor time of this process in milliseconds, in steps of a microsecond on Linux and macOS. On a shared machine,
 * processor time excludes the time of other processes on the core. It is accurate for one thread that never waits.
 */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
