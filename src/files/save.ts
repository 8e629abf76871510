import { lstatSync, readdirSync, statSync } from "node:fs";
import { dirname, join, parse } from "node:path";
import { FileError, requireBytes } from "../errors.ts";
import { count, readOptions, type Table } from "../options.ts";
import { DISK, type Disk } from "./disk.ts";
import { isNameOf, orFileError, PERMISSIONS, replaceFile, targetOf, withTemporary } from "./replace.ts";
import { removeStale, temporaryName } from "./stale.ts";

/**
 * Writes a file atomically: at any moment the file has either its old bytes or the new ones, even after the process was
 * killed, the machine lost power or the disk is full.
 *
 * The bytes are written to a temporary file beside the file (`path.<process>.<number>.tmp`), which is synced and
 * renamed; then the folder is synced. Temporary files of dead processes for the same file are removed. The call returns
 * when all of this is done. The permission bits of the file stay, and a symbolic link keeps pointing to the file.
 *
 * In Deno, `saveFile` needs permission to read and write the folder. With --allow-run it detects dead processes at
 * once, otherwise after an hour.
 *
 * @param bytes The content: a `Uint8Array` or an `ArrayBuffer`.
 * @throws {FileError} When the system refuses, or the path is a folder, a device, a fifo, a socket or a link to
 *   nothing. The file then has its old bytes, or the new ones when only the last sync failed.
 * @throws {OptionError} When `bytes` is something else, such as a promise of bytes.
 *
 * @example
 * ```ts
 * import { saveFile } from "@unroll/rnn/files";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${Deno.makeTempDirSync()}/model.safetensors`;
 * saveFile(path, Uint8Array.of(1, 2, 3));
 * assertEquals(Deno.readFileSync(path).length, 3);
 * ```
 */
export function saveFile(path: string, bytes: Uint8Array | ArrayBuffer): void {
  replaceFile(path, requireBytes("bytes", bytes));
}

/** Options of `saveNext`. */
export interface SaveNextOptions {
  /**
   * The number of files to keep, including the new one.
   *
   * @default 3
   */
  keep?: number;
}

const SAVE_NEXT = { keep: [count, 3] } satisfies Table<SaveNextOptions>;

/**
 * Writes the next of a series of numbered files, as `saveFile` does, and then removes all but the last `keep` files.
 * The series of `model.safetensors` is `model.1.safetensors`, `model.2.safetensors` and so on. A new file gets the
 * permission bits of the file before it. Several processes may write one series at the same time: each file gets a
 * number of its own, unless the file system has no hard links (FAT, some network drives).
 *
 * @returns The path of the new file.
 * @throws {FileError} When the system refuses. The older files then still exist.
 * @throws {OptionError} When `keep` is not an integer >= 1, or `bytes` is not bytes.
 *
 * @example
 * ```ts
 * import { latest, saveNext } from "@unroll/rnn/files";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${Deno.makeTempDirSync()}/model.safetensors`;
 * for (let epoch = 1; epoch <= 4; epoch++) saveNext(path, Uint8Array.of(epoch), { keep: 2 });
 * assertEquals(Deno.readFileSync(latest(path)!), Uint8Array.of(4));
 * assertEquals([...Deno.readDirSync(path.replace("/model.safetensors", ""))].length, 2);
 * ```
 */
export function saveNext(
  path: string,
  bytes: Uint8Array | ArrayBuffer,
  options: SaveNextOptions = {},
): string {
  const { keep } = readOptions("saveNext", SAVE_NEXT, options);
  const content = requireBytes("bytes", bytes);
  return orFileError(path, () => addNext(path, content, keep, DISK));
}

/** Adds a file to a series and removes the oldest files. */
export function addNext(path: string, bytes: Uint8Array, keep: number, disk: Disk): string {
  const last = latest(path);
  const status = last === undefined ? undefined : statSync(last, { throwIfNoEntry: false });
  const mode = status && status.mode & PERMISSIONS;
  const isTarget = (name: string) => numberOf(path, name) !== undefined;
  const next = withTemporary(path, numbered(path, 1), { bytes, mode, isTarget }, disk, (temporary) => {
    // Other processes may take the number first, or even more of them than are kept: then the file would be an old one.
    for (;;) {
      const number = (numbersOf(path).at(-1) ?? 0) + 1;
      if (!disk.link(temporary, numbered(path, number)) || !numbersOf(path).slice(-keep).includes(number)) continue;
      disk.remove(temporary);
      return numbered(path, number);
    }
  });
  for (const number of numbersOf(path).slice(0, -keep)) {
    const file = numbered(path, number);
    if (lstatSync(file, { throwIfNoEntry: false })?.isFile()) disk.remove(file);
  }
  return next;
}

/** The path of the last file of the series that `saveNext` wrote; undefined when there is none. */
export function latest(path: string): string | undefined {
  const number = numbersOf(path).at(-1);
  return number === undefined ? undefined : numbered(path, number);
}

/**
 * Checks that a file can be written, for a call before long work whose result the file will hold. The file stays
 * unchanged.
 *
 * @throws {FileError} When the file cannot be written.
 */
export function requireWritable(path: string): void {
  const folder = dirname(path);
  const refuse = (reason: string) => new FileError(`Cannot write ${path}: ${reason}`);
  if (!isFolder(folder)) throw refuse(`there is no folder ${folder}`);
  const { target } = targetOf(path);
  orFileError(path, () => {
    removeStale(dirname(target), isNameOf(target), DISK);
    const temporary = temporaryName(target);
    DISK.close(DISK.create(temporary));
    DISK.remove(temporary);
  });
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The numbers of the existing files of a series, ascending. */
function numbersOf(path: string): number[] {
  const names = isFolder(dirname(path)) ? readdirSync(dirname(path)) : [];
  return names.flatMap((name) => numberOf(path, name) ?? []).sort((a, b) => a - b);
}

/** The number of a file name in the series of a path: 12 for `model.12.safetensors`. Undefined for other names. */
function numberOf(path: string, name: string): number | undefined {
  const number = Number(name.slice(parse(path).name.length + 1).split(".", 1)[0]);
  return Number.isSafeInteger(number) && number > 0 && numbered(path, number) === join(dirname(path), name)
    ? number
    : undefined;
}

/** The path with a number: `model.12.safetensors`. */
function numbered(path: string, number: number): string {
  const { name, ext } = parse(path);
  return join(dirname(path), `${name}.${number}${ext}`);
}
