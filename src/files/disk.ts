import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import process from "node:process";

/** The file operations that `replaceFile` needs. */
export interface Disk {
  /**
   * Creates a new file and returns its handle.
   *
   * @param mode The permission bits. Default: those that the system gives a new file.
   */
  create(path: string, mode?: number): number;
  /** Writes bytes from index `from` on. Returns the number of bytes written, which may be less than all. */
  write(handle: number, bytes: Uint8Array, from: number): number;
  /** Waits until all written bytes are on the disk. */
  sync(handle: number): void;
  /** Closes a file. */
  close(handle: number): void;
  /** Renames a file. An existing file of the new name is replaced atomically. */
  rename(from: string, to: string): void;
  /**
   * Gives a file a second name, if no file has that name. Returns whether it did. Without hard links the file loses its
   * first name, and another process may take the name at the same moment.
   */
  link(from: string, to: string): boolean;
  /** Waits until the file names of a folder are on the disk. */
  syncFolder(path: string): void;
  /** Removes a file, if it exists. */
  remove(path: string): void;
}

/** The file operations of the operating system, by `node:fs`, which Deno supports too. */
export const DISK: Disk = {
  create(path, mode) {
    if (mode === undefined) return openSync(path, "wx");
    // The umask takes bits away at first: the file is never open to more users than `mode` allows.
    const handle = openSync(path, "wx", mode);
    try {
      fchmodSync(handle, mode);
    } catch (error) {
      closeSync(handle);
      rmSync(path, { force: true });
      throw error;
    }
    return handle;
  },
  write: (handle, bytes, from) => writeSync(handle, bytes, from),
  sync: fsyncSync,
  close: closeSync,
  rename: renameSync,
  link(from, to) {
    try {
      linkSync(from, to);
      return true;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "";
      if (code === "EEXIST") return false;
      if (!NO_LINKS.includes(code)) throw error;
      if (existsSync(to)) return false;
      renameSync(from, to);
      return true;
    }
  },
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

/** What file systems without hard links answer (FAT, some network drives, Android). */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

/** Windows cannot open folders, and writes file names to the disk at once. */
const CAN_OPEN_FOLDERS = process.platform !== "win32";
