import { lstatSync, realpathSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { FileError } from "../errors.ts";
import { DISK, type Disk } from "./disk.ts";
import { removeStale, temporaryName } from "./stale.ts";

/**
 * Replaces the content of a file atomically: writes a temporary file beside it, syncs it, renames it, and syncs the
 * folder. The permission bits stay.
 *
 * @throws {FileError} When the path is something else than a regular file, or the system refuses.
 */
export function replaceFile(path: string, bytes: Uint8Array, disk: Disk = DISK): void {
  const { target, mode } = targetOf(path);
  withTemporary(path, target, { bytes, mode, isTarget: isNameOf(target) }, disk, (temporary) => {
    disk.rename(temporary, target);
    return target;
  });
}

/** The regular file of a path, which may not exist yet, behind all links, and its permission bits. */
export function targetOf(path: string): { target: string; mode?: number } {
  const refuse = (reason: string) => new FileError(`Cannot write ${path}: ${reason}`);
  return orFileError(path, () => {
    const status = statSync(path, { throwIfNoEntry: false });
    if (!status) {
      // A rename to the path of a symbolic link would replace the link.
      if (lstatSync(path, { throwIfNoEntry: false })) throw refuse("it is a link to a file that does not exist");
      return { target: path };
    }
    if (!status.isFile()) throw refuse("it is not a regular file");
    return { target: realpathSync(path), mode: status.mode & PERMISSIONS };
  });
}

/** The permission bits of a mode; the other bits are the kind of the file. */
export const PERMISSIONS = 0o7777;

/** The content of a new file. */
interface NewFile {
  readonly bytes: Uint8Array;
  /** The permission bits. Default: those that the system gives a new file. */
  readonly mode?: number;
  /**
   * Whether this run writes the file of a name in the folder. Temporary files of these files are removed when the
   * process that wrote them is dead.
   */
  readonly isTarget: (name: string) => boolean;
}

/**
 * Writes a temporary file beside `target` and gives it its name by `place`, which returns the path. When something
 * fails, the temporary file is removed.
 *
 * @param path The path in errors.
 */
export function withTemporary(
  path: string,
  target: string,
  { bytes, mode, isTarget }: NewFile,
  disk: Disk,
  place: (temporary: string) => string,
): string {
  const folder = dirname(target);
  const temporary = temporaryName(target);
  return orFileError(path, () => {
    removeStale(folder, isTarget, disk);
    let placed: string;
    try {
      write(temporary, bytes, mode, disk);
      placed = place(temporary);
    } catch (error) {
      try {
        disk.remove(temporary);
      } catch { // the first error is reported
      }
      throw error;
    }
    disk.syncFolder(folder);
    return placed;
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
    if (error instanceof FileError) throw error;
    throw new FileError(`Cannot write ${path}: ${reason(error as Error)}`, error as Error);
  }
}

/** Writes a new file and waits until it is on the disk. */
function write(path: string, bytes: Uint8Array, mode: number | undefined, disk: Disk): void {
  const handle = disk.create(path, mode);
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
