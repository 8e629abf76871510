/** Programs of the tests in other engines: bundled into one file, run, and what they print. */
import { assert } from "@std/assert";
import { bundle } from "./package/programs.ts";

const DECODER = new TextDecoder();

/** A program and all that it imports as one JavaScript file, in a folder of its own. */
export class Bundle implements Disposable {
  readonly #folder = Deno.makeTempDirSync();
  readonly path = `${this.#folder}/bundle.mjs`;

  private constructor() {}

  static async of(program: URL): Promise<Bundle> {
    const made = new Bundle();
    await bundle(program, made.path);
    return made;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

/** The first of these commands that is installed. */
export function installed(...names: string[]): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  const paths = names.flatMap((name) => name.startsWith("/") ? [name] : folders.map((folder) => `${folder}/${name}`));
  return paths.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** What a program prints in Deno with flags of V8 and permissions, by default none. */
export function inDeno(
  { path }: Bundle,
  flags: readonly string[],
  args: readonly string[] = [],
  permissions: readonly string[] = [],
): Promise<string> {
  const v8 = flags.length ? [`--v8-flags=${flags.join(",")}`] : [];
  return output(Deno.execPath(), ["run", "--no-config", ...v8, ...permissions, path, ...args]);
}

/** What a program prints in Node with flags of V8. */
export function inNode(
  node: string,
  { path }: Bundle,
  flags: readonly string[],
  args: readonly string[] = [],
): Promise<string> {
  return output(node, [...flags, path, ...args]);
}

/** What a command prints. */
export async function output(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  assert(success, `${command} ${args.join(" ")}: ${DECODER.decode(stderr)}`);
  return DECODER.decode(stdout);
}
