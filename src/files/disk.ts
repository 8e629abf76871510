import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import process from "node:process";

/** The file operations that `replaceFile` needs. */
export interface Disk {
  /** Creates a new file and returns its handle. */
  create(path: string): number;
  /** Writes bytes from index `from` on. Returns the number of bytes written, which may be less than all. */
  write(handle: number, bytes: Uint8Array, from: number): number;
  /** Waits until all written bytes are on the disk. */
  sync(handle: number): void;
  /** Closes a file. */
  close(handle: number): void;
  /** Renames a file. An existing file of the new name is replaced atomically. */
  rename(from: string, to: string): void;
  /** Waits until the file names of a folder are on the disk. */
  syncFolder(path: string): void;
  /** Removes a file, if it exists. */
  remove(path: string): void;
}

/** The file operations of the operating system, by `node:fs`, which Deno supports too. */
export const DISK: Disk = {
  create: (path) => openSync(path, "wx"),
  write: (handle, bytes, from) => writeSync(handle, bytes, from),
  sync: fsyncSync,
  close: closeSync,
  rename: renameSync,
  syncFolder(path) {
    if (!CAN_OPEN_FOLDERS) return;
    const handle = openSync(path, "r");
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  },
  remove: (path) => rmSync(path, { force: true }),
};

/** Windows cannot open folders, and writes file names to the disk at once. */
const CAN_OPEN_FOLDERS = process.platform !== "win32";
