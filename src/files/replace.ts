import { existsSync, realpathSync } from "node:fs";
import { basename, dirname } from "node:path";
import { FileError } from "../errors.ts";
import { DISK, type Disk } from "./disk.ts";
import { removeStale, temporaryName } from "./stale.ts";

/**
 * Replaces the content of a file atomically: writes a temporary file beside it, syncs it, renames it, and syncs the
 * folder.
 *
 * @param isTarget Whether this run writes the file of a name in the folder. Temporary files of these files are removed
 * when the process that wrote them is dead. Default: the name of `path`.
 * @throws {FileError} When the system refuses.
 */
export function replaceFile(path: string, bytes: Uint8Array, isTarget = isNameOf(path), disk: Disk = DISK): void {
  // A rename to the path of a symbolic link would replace the link.
  const target = orFileError(path, () => existsSync(path) ? realpathSync(path) : path);
  const folder = dirname(target);
  const temporary = temporaryName(target);
  orFileError(path, () => {
    removeStale(folder, isTarget, disk);
    try {
      write(temporary, bytes, disk);
      disk.rename(temporary, target);
    } catch (error) {
      try {
        disk.remove(temporary);
      } catch { // the first error is reported
      }
      throw error;
    }
    disk.syncFolder(folder);
  });
}

/** Whether a name is the file name of a path. */
export function isNameOf(path: string): (name: string) => boolean {
  return (name) => name === basename(path);
}

/** Runs work for a file. An error of the system becomes a `FileError` with the path. */
export function orFileError<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new FileError(`Cannot write ${path}: ${reason(error as Error)}`, error as Error);
  }
}

/** Writes a new file and waits until it is on the disk. */
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

/** "no space left on device", from Node's "ENOSPC: no space left on device, write" and Deno's "... (os error 28)". */
function reason({ message }: Error): string {
  const text = message.replace(/^[A-Z]+: /, "").replace(/ \(os error.*/, "").replace(/, \w+( '.*)?$/, "");
  return text.charAt(0).toLowerCase() + text.slice(1);
}
