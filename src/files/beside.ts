import { readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import { FileError } from "../errors.ts";

/**
 * A function that reads files in the folder of a file, or below, by their paths from there: for a model whose weights
 * are in files of their own. No other file is read, whatever a model calls its files, also not by a link.
 *
 * @param path The path of the file.
 * @throws {FileError} Each call, when a file is outside of the folder, does not exist or cannot be read.
 *
 * @example
 * ```ts ignore
 * import { filesBeside } from "@unroll/rnn/files";
 * import { OnnxModel } from "@unroll/rnn/onnx";
 * import { readTfjs } from "@unroll/rnn/tfjs";
 *
 * // model.onnx and model.onnx.data, as torch.onnx.export writes them
 * const bytes = await Deno.readFile("model.onnx");
 * const model = OnnxModel.load(bytes, { external: filesBeside("model.onnx") });
 * // model.json and the files that it names
 * const { layer } = await readTfjs(filesBeside("folder/model.json"));
 * ```
 */
export function filesBeside(path: string): (name: string) => Uint8Array<ArrayBuffer> {
  return (name) => {
    const file = join(dirname(path), name);
    const refuse = (reason: string) => new FileError(`Cannot read ${file}: ${reason}`);
    if (isAbsolute(name) || !isBelow(dirname(path), file)) throw refuse(`it is not beside ${basename(path)} or below`);
    try {
      // Caches keep the files of a folder elsewhere, side by side, and links to them in the folder.
      const folders = [realpathSync(dirname(path)), dirname(realpathSync(path))], real = realpathSync(file);
      if (!folders.some((folder) => isBelow(folder, real))) throw refuse("it is a link to another folder");
      if (!statSync(real).isFile()) throw refuse("it is not a regular file");
      return new Uint8Array(readFileSync(real));
    } catch (error) {
      if (error instanceof FileError) throw error;
      throw new FileError(`Cannot read ${file}: ${(error as Error).message}`, error as Error);
    }
  };
}

/** Whether a path lies in a folder or below. */
function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
