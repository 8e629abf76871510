import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** An empty folder for one test, which `dispose` removes. */
export class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();

  /** The path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** The sorted names in the folder. */
  get names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name).sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** A process that writes files until it is killed (see killed.ts). */
export function writer(...args: string[]): Deno.ChildProcess {
  const script = fileURLToPath(new URL("../programs/killed.ts", import.meta.url));
  return new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--no-check", "--quiet", script, ...args] }).spawn();
}

/** Asserts that all bytes of a file are equal, so that they come from one write, and returns their value. */
export function assertWhole(path: string, what: string): number {
  const bytes = Deno.readFileSync(path);
  assert(bytes.length > 0 && bytes.every((byte) => byte === bytes[0]), `${what}: bytes of two writes`);
  if (bytes.length > 10) assertEquals(bytes.length, 300_000, what);
  return bytes[0];
}

/** A process that writes files of a series with the texts "<writer> <number>". Returns their paths. */
export async function series(path: string, writer: number, files: number): Promise<string[]> {
  const script = fileURLToPath(new URL("../programs/series.ts", import.meta.url));
  const args = ["run", "-A", "--no-check", "--quiet", script, path, String(writer), String(files)];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}
