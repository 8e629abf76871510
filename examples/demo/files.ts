import { dirname } from "node:path";
import { LanguageModel } from "@unroll/rnn";
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
  const refuse = (reason: string) => new UsageError(`cannot write ${path}: ${reason}`);
  if (information(path)?.isFile === false) throw refuse("it is not a file");
  if (!information(dirname(path))?.isDirectory) throw refuse(`there is no folder ${dirname(path)}`);
  try {
    Deno.writeFileSync(beside(path), new Uint8Array());
    Deno.removeSync(beside(path));
  } catch (error) {
    throw refuse(reason(error));
  }
}

/** Write the model to a file beside, then rename that: at any time the file is the old one or the new one, whole. */
export function saveModel(path: string, model: LanguageModel): void {
  try {
    Deno.writeFileSync(beside(path), model.save());
    Deno.renameSync(beside(path), path);
  } catch (error) {
    if (information(beside(path))) Deno.removeSync(beside(path));
    throw new Failure(`cannot write ${path}: ${reason(error)}`);
  }
}

function beside(path: string): string {
  return `${path}.${Deno.pid}.tmp`;
}

function information(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}

/** "No such file or directory (os error 2): readfile 'x'", shortened. */
function reason(error: unknown): string {
  return (error as Error).message.split(/ \(os error|:/)[0].toLowerCase();
}
