/** What the programs of package/ make, in processes with the configuration of that folder. */
import { assert } from "@std/assert";
import { fileURLToPath } from "node:url";

const PACKAGE = new URL("../../../package/", import.meta.url);

/** Bundles a program and all that it imports into one minified file; returns the paths of its parts. */
export async function bundle(program: URL, file: string): Promise<string[]> {
  return (await runProgram("bundle.ts", fileURLToPath(program), file)).trim().split("\n");
}

/** Writes the npm package into a folder. */
export async function writePackage(folder: string): Promise<void> {
  await runProgram("npm.ts", folder);
}

/** The arguments with which Deno runs TypeScript's compiler, in the version that package/ has. */
export async function compiler(): Promise<string[]> {
  const config = fileURLToPath(new URL("deno.json", PACKAGE));
  const { imports } = JSON.parse(await Deno.readTextFile(config));
  return ["run", "-A", "--quiet", `--config=${config}`, `${imports.typescript}/tsc`];
}

async function runProgram(name: string, ...args: string[]): Promise<string> {
  const program = fileURLToPath(new URL(name, PACKAGE));
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--quiet", "--no-check", program, ...args] });
  const { success, stdout, stderr } = await command.output();
  assert(success, `package/${name} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
