import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Disk } from "./disk.ts";

/** Nobody writes one file for so long, in milliseconds. */
const HOUR = 3_600_000;

/** A new name beside `target` for what is to take its place, with the process that uses it. */
export function temporaryName(target: string): string {
  const [token] = crypto.getRandomValues(new Uint32Array(1));
  return `${target}.${process.pid}.${token.toString(16).padStart(8, "0")}.tmp`;
}

/** Remove the temporary files of processes that died while they wrote a file of the folder that `isTarget` names. */
export function removeStale(folder: string, isTarget: (name: string) => boolean, disk: Disk): void {
  for (const name of readdirSync(folder)) {
    const parts = name.match(/^(.+)\.(\d+)\.[0-9a-f]{8}\.tmp$/);
    if (parts && isTarget(parts[1]) && isStale(join(folder, name), Number(parts[2]))) disk.remove(join(folder, name));
  }
}

function isStale(path: string, pid: number): boolean {
  const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (written === undefined) return false; // it has just got its name
  // The number of a process comes again; in a container it is often the same one.
  const began = Date.now() - process.uptime() * 1000;
  if (pid === process.pid) return written < began;
  return !isAlive(pid) || written < Date.now() - HOUR;
}

/** Whether there is such a process; where we may not ask (Deno without --allow-run), there may be. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
