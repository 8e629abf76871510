import { readdirSync, statSync } from "node:fs";
import { dirname, join, parse } from "node:path";
import { FileError, requireInteger } from "../errors.ts";
import { DISK } from "./disk.ts";
import { isNameOf, orFileError, replaceFile } from "./replace.ts";
import { removeStale, temporaryName } from "./stale.ts";

/**
 * Write a file, whole or not at all: at any moment, also after the process was killed, the machine lost power or the
 * disk is full, the file has either its old bytes or the new ones. They go into a temporary file beside it
 * (`path.<process>.<number>.tmp`), which is synced and renamed; then the folder is synced. Temporary files that dead
 * processes left beside this file are removed. Waits until all is done; permissions in Deno: reading and writing the
 * folder (and --allow-run to see at once, instead of after an hour, that another process is dead).
 *
 * @throws {FileError} When the system refuses; the file is the old one, or, where only the last step failed, the new one.
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
export function saveFile(path: string, bytes: Uint8Array): void {
  replaceFile(path, bytes);
}

/** Options of `saveNext`. */
export interface SaveNextOptions {
  /** How many of the files stay, the new one among them. Default 3. */
  keep?: number;
}

/**
 * Write the next one of a row of numbered files, as `saveFile` does, and then remove all but the last `keep`: of
 * `model.safetensors` these are `model.1.safetensors`, `model.2.safetensors` and so on. Returns the new file's path.
 *
 * @throws {FileError} When the system refuses; older files are still there.
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
export function saveNext(path: string, bytes: Uint8Array, { keep = 3 }: SaveNextOptions = {}): string {
  requireInteger("keep", keep, 1);
  const numbers = orFileError(path, () => numbersOf(path)), next = numbered(path, (numbers.at(-1) ?? 0) + 1);
  replaceFile(next, bytes, (name) => numberOf(path, name) !== undefined);
  orFileError(path, () => {
    for (const number of numbers.slice(0, Math.max(0, numbers.length + 1 - keep))) DISK.remove(numbered(path, number));
  });
  return next;
}

/** The path of the last file that `saveNext` wrote whole; undefined when there is none. */
export function latest(path: string): string | undefined {
  const number = numbersOf(path).at(-1);
  return number === undefined ? undefined : numbered(path, number);
}

/**
 * See that a file can be written, before the work whose result it is to hold; the file itself is not touched.
 *
 * @throws {FileError} When it cannot.
 */
export function requireWritable(path: string): void {
  const folder = dirname(path), refuse = (reason: string) => new FileError(`Cannot write ${path}: ${reason}`);
  if (!isFolder(folder)) throw refuse(`there is no folder ${folder}`);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) throw refuse("it is not a file");
  orFileError(path, () => {
    removeStale(folder, isNameOf(path), DISK);
    const temporary = temporaryName(path);
    DISK.close(DISK.create(temporary));
    DISK.remove(temporary);
  });
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The numbers of the files that there are, ascending. */
function numbersOf(path: string): number[] {
  const names = isFolder(dirname(path)) ? readdirSync(dirname(path)) : [];
  return names.flatMap((name) => numberOf(path, name) ?? []).sort((a, b) => a - b);
}

/** 12 of `model.12.safetensors`, if that is the path with a number. */
function numberOf(path: string, name: string): number | undefined {
  const number = Number(name.slice(parse(path).name.length + 1).split(".", 1)[0]);
  return Number.isSafeInteger(number) && number > 0 && numbered(path, number) === join(dirname(path), name)
    ? number
    : undefined;
}

function numbered(path: string, number: number): string {
  const { name, ext } = parse(path);
  return join(dirname(path), `${name}.${number}${ext}`);
}
