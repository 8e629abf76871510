/** The folders that the build programs write: they delete what they have written, and nothing else. */
import { dirname, join, posix } from "node:path";

/** Lists the files of a build. A folder with files but without this one is somebody else's. */
export const MARK = ".unroll_output.json";

/**
 * Checks that a build may write to a folder: it does not exist, is empty, or a build has written it.
 *
 * @returns The paths of the files that the last build has written.
 * @throws {Error} When the folder is somebody else's.
 */
export async function requireOutputFolder(folder: string): Promise<string[]> {
  const refuse = (reason: string) => {
    return new Error(`Cannot write to ${folder}: ${reason}. Choose a new folder, or delete this one yourself`);
  };
  const status = await Deno.stat(folder).catch(notFound);
  if (!status) {
    if (await Deno.lstat(folder).catch(notFound)) throw refuse("it is a link to nothing");
    return [];
  }
  if (!status.isDirectory) throw refuse("it is not a folder");
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  if (!names.length) return [];
  if (!names.includes(MARK)) throw refuse(`it is neither empty nor written by this program (it has no ${MARK})`);
  const files: unknown = await Deno.readTextFile(join(folder, MARK)).then(JSON.parse).catch(() => undefined);
  if (!Array.isArray(files) || !files.every(isInside)) throw refuse(`its ${MARK} is not a list of files in it`);
  return files;
}

/** Writes the files of a build, by path, in place of those of the last build. Other files in the folder stay. */
export async function writeOutput(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const old = await requireOutputFolder(folder);
  await Deno.mkdir(folder, { recursive: true });
  // The mark lists old and new files while both may exist.
  const mark = (paths: Iterable<string>) => Deno.writeTextFile(join(folder, MARK), JSON.stringify([...paths]) + "\n");
  await mark(new Set([...old, ...files.keys()]));
  for (const path of old) await Deno.remove(join(folder, path)).catch(notFound);
  for (const [path, bytes] of files) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeFile(join(folder, path), bytes);
  }
  await mark(files.keys());
}

/** The files of a folder and its folders, by path. */
export async function filesOf(folder: string, path = ""): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for await (const { name, isDirectory } of Deno.readDir(join(folder, path))) {
    const inner = posix.join(path, name);
    if (!isDirectory) files.set(inner, await Deno.readFile(join(folder, inner)));
    else for (const entry of await filesOf(folder, inner)) files.set(...entry);
  }
  return files;
}

function isInside(path: unknown): boolean {
  return typeof path === "string" && /^[^\\:]+$/.test(path) &&
    path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function notFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
