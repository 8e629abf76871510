import type { Metafile, Plugin } from "esbuild";
// Deno fetches a package that a module imports.
import "@bufbuild/protobuf/wire";
import "fflate";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import config from "./deno.json" with { type: "json" };
import { installed } from "./installed.ts";

/** The packages that go into the npm package: those that package/deno.json has beside the tools. */
const BUNDLED = new Set<string>(Object.values(config.imports));

/**
 * Takes packages into the bundle that package/deno.json names in the same version, and leaves all others outside, by
 * the names that Node knows them by. `peers` gets their least versions.
 */
export function packages(peers: Record<string, string>): Plugin {
  return {
    name: "packages",
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^npm:/ }, async (specifier) => {
        const { name, version, path } = installed(specifier.path);
        if (BUNDLED.has(`npm:${name}@${version}`)) {
          // A package may import itself by name. So esbuild chooses the files for pages, which Node runs as well.
          return await resolve(path, { kind: specifier.kind, resolveDir: folderOf(name) });
        }
        peers[name] = `^${version}`;
        return { path, external: true };
      });
    },
  };
}

/**
 * The licences of the packages that a bundle contains: of each the licence's name and text, and the notices at the head
 * of its files.
 */
export async function notices({ inputs }: Metafile, root: string): Promise<string> {
  const names = Object.values(config.imports).map((specifier) => installed(specifier).name);
  const sections: string[] = [];
  for (const name of names) {
    const folder = folderOf(name);
    const files = Object.keys(inputs).map((path) => join(root, path)).filter((path) => path.startsWith(folder + "/"));
    if (!files.length) continue;
    const { version, license } = JSON.parse(await Deno.readTextFile(join(folder, "package.json")));
    const heads = new Set<string>();
    for (const file of files) heads.add(head(await Deno.readTextFile(file)));
    const text = await Deno.readTextFile(join(folder, "LICENSE")).catch(() => "");
    sections.push([`# ${name} ${version}, ${license}`, text, ...heads].filter(Boolean).join("\n\n").trim());
  }
  return sections.join("\n\n\n") + "\n";
}

/** The comment at the head of a file. */
function head(text: string): string {
  const [comment = ""] = text.match(/^(\/\/.*\n)+/) ?? [];
  return comment.replaceAll(/^\/\/ ?/gm, "").trim();
}

function folderOf(name: string): string {
  return dirname(findPackageJSON(name, import.meta.url)!);
}
