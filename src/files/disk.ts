import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import process from "node:process";

/** What replacing a file asks of the operating system. */
export interface Disk {
  /** Make a new file; the handle of it. */
  create(path: string): number;
  /** Write bytes from `from` on; how many were written, which may be less than all. */
  write(handle: number, bytes: Uint8Array, from: number): number;
  /** Wait until what was written is on the disk. */
  sync(handle: number): void;
  close(handle: number): void;
  /** Give a file the name of another one, in whose place it comes in one stroke. */
  rename(from: string, to: string): void;
  /** Wait until the names in a folder are on the disk. */
  syncFolder(path: string): void;
  /** Remove a file, if it is there. */
  remove(path: string): void;
}

/** The operating system's own, by way of `node:fs`, which Deno has too. */
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

/** Windows opens no folders, and writes names through. */
const CAN_OPEN_FOLDERS = process.platform !== "win32";
