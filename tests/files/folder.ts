import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";

/** An empty folder for one test. */
export class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync();

  file(name: string): string {
    return join(this.path, name);
  }

  get names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name).sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** A process that writes files and is killed; see killed.ts. */
export function writer(...args: string[]): Deno.ChildProcess {
  const script = new URL("killed.ts", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--no-check", "--quiet", script, ...args] }).spawn();
}

/** Asserts that a file has the bytes of one write; the value that all of them have. */
export function assertWhole(path: string, what: string): number {
  const bytes = Deno.readFileSync(path);
  assert(bytes.length > 0 && bytes.every((byte) => byte === bytes[0]), `${what}: bytes of two writes`);
  if (bytes.length > 10) assertEquals(bytes.length, 300_000, what);
  return bytes[0];
}
