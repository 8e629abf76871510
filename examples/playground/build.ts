/**
 * Builds the playground as files for any host: esbuild minifies the page and the workers, addresses are relative, and
 * nothing is fetched from other hosts.
 *
 *     deno task playground:build [folder]    # default: dist/playground
 *
 * The folder must be new, empty, or written by this program. Other files that are added to it later stay.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { requireOutputFolder, writeOutput } from "../../package/output_folder.ts";
import { firstLine, importLater } from "../frame/packages.ts";
import { print } from "../frame/terminal.ts";

/** Builds the files of the playground, by path, after a line that says what is done and fetched. */
export async function build(work: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  print(firstLine(work, ["playground"]));
  const { playground } = await importLater<typeof import("./files.ts")>(import.meta.resolve("./files.ts"));
  return await playground();
}

if (import.meta.main) {
  const folder = resolve(Deno.args[0] ?? fileURLToPath(new URL("../../dist/playground", import.meta.url)));
  await requireOutputFolder(folder);
  await writeOutput(folder, await build(`The playground becomes files in ${folder}`));
  console.log(`written: ${folder}`);
  Deno.exit(); // esbuild's process keeps this one alive for a while
}
