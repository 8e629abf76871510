import { LanguageModel } from "@unroll/rnn";
import { FileError, requireWritable as requireFile, saveFile } from "@unroll/rnn/files";
import { Failure, UsageError } from "./errors.ts";

/** The bytes of a file. */
export function readFile(path: string): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${reason(error)}`);
  }
}

/** The model that `saveModel` wrote. */
export async function loadModel(path: string): Promise<LanguageModel> {
  const bytes = readFile(path);
  try {
    return await LanguageModel.load(bytes);
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message}`);
  }
}

/** See that a file can be written, before the work whose result it is to hold. */
export function requireWritable(path: string): void {
  refused(UsageError, () => requireFile(path));
}

/** Write the model; at any time the file is the old one or the new one, whole. */
export function saveModel(path: string, model: LanguageModel): void {
  refused(Failure, () => saveFile(path, model.save()));
}

/** Write a page; as `saveModel` does. */
export function savePage(path: string, page: string): void {
  refused(Failure, () => saveFile(path, new TextEncoder().encode(page)));
}

/** Do something with a file; what the system says against it becomes an error of the demo. */
function refused(Refusal: new (message: string) => Error, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw new Refusal(error.message.replace("Cannot", "cannot"));
  }
}

/** "No such file or directory (os error 2): readfile 'x'", shortened. */
function reason(error: unknown): string {
  return (error as Error).message.split(/ \(os error|:/)[0].toLowerCase();
}
