import process from "node:process";

/**
 * Processor time of this process in milliseconds (in steps of a microsecond on Linux and macOS). On a shared machine,
 * the time during which other processes have the core does not count; one thread that never waits needs no other clock.
 */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
