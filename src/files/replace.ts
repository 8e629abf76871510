import { existsSync, realpathSync } from "node:fs";
import { basename, dirname } from "node:path";
import { FileError } from "../errors.ts";
import { DISK, type Disk } from "./disk.ts";
import { removeStale, temporaryName } from "./stale.ts";

/**
 * Put bytes in the place of a file: into a new one beside it, synced, then renamed, then the folder synced. `isTarget`
 * names the files of the folder that this run writes, whose temporary files may be left over from dead ones.
 */
export function replaceFile(path: string, bytes: Uint8Array, isTarget = isNameOf(path), disk: Disk = DISK): void {
  // What is renamed to a link would take the place of the link.
  const target = orFileError(path, () => existsSync(path) ? realpathSync(path) : path), folder = dirname(target);
  const temporary = temporaryName(target);
  orFileError(path, () => {
    removeStale(folder, isTarget, disk);
    try {
      write(temporary, bytes, disk);
      disk.rename(temporary, target);
    } catch (error) {
      try {
        disk.remove(temporary);
      } catch { // The first error says more.
      }
      throw error;
    }
    disk.syncFolder(folder);
  });
}

/** Whether a name in a folder is that of a path. */
export function isNameOf(path: string): (name: string) => boolean {
  return (name) => name === basename(path);
}

/** Do something for a file; what the system says against it becomes a FileError. */
export function orFileError<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new FileError(`Cannot write ${path}: ${reason(error as Error)}`, error as Error);
  }
}

function write(path: string, bytes: Uint8Array, disk: Disk): void {
  const handle = disk.create(path);
  try {
    for (let from = 0; from < bytes.length;) {
      const written = disk.write(handle, bytes, from);
      if (!(written > 0)) throw new Error(`only ${from} of ${bytes.length} bytes were written`);
      from += written;
    }
    disk.sync(handle);
  } finally {
    disk.close(handle);
  }
}

/** "ENOSPC: no space left on device, write" and "No space left on device (os error 28)", as one says it. */
function reason({ message }: Error): string {
  const text = message.replace(/^[A-Z]+: /, "").replace(/ \(os error.*/, "").replace(/, \w+( '.*)?$/, "");
  return text.charAt(0).toLowerCase() + text.slice(1);
}
