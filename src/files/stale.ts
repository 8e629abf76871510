import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { Disk } from "./disk.ts";

/** The age in milliseconds from which a temporary file is stale: no write of one file takes an hour. */
const HOUR = 3_600_000;

/** Deno counts the uptime of a worker from the start of the worker, not from that of the process. */
const IS_WORKER = "WorkerGlobalScope" in globalThis;

/** A new name for a temporary file beside `target`, with the number of the process that writes it. */
export function temporaryName(target: string): string {
  const [token] = crypto.getRandomValues(new Uint32Array(1));
  return `${target}.${process.pid}.${token.toString(16).padStart(8, "0")}.tmp`;
}

/** Removes the temporary files that dead processes left in a folder, for the files whose names satisfy `isTarget`. */
export function removeStale(folder: string, isTarget: (name: string) => boolean, disk: Disk): void {
  for (const name of readdirSync(folder)) {
    const match = name.match(/^(.+)\.(\d+)\.[0-9a-f]{8}\.tmp$/);
    if (match && isTarget(match[1]) && isStale(join(folder, name), Number(match[2]))) disk.remove(join(folder, name));
  }
}

function isStale(path: string, pid: number): boolean {
  const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (written === undefined) return false; // it was just renamed
  // Systems reuse the numbers of processes; in a container a new process often has the same one.
  if (pid === process.pid) return written < Date.now() - (IS_WORKER ? HOUR : process.uptime() * 1000);
  return !isAlive(pid) || written < Date.now() - HOUR;
}

/** Whether a process exists. Without permission to ask (Deno without --allow-run) the answer is true. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
