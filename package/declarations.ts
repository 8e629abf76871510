import { dirname, join, relative } from "node:path/posix";
import ts from "typescript";
import { installed } from "./installed.ts";

/** What TypeScript has to be told beside "strict": nothing of Deno, as nothing in the library says it. */
const OPTIONS: ts.CompilerOptions = {
  allowImportingTsExtensions: true,
  declaration: true,
  emitDeclarationOnly: true,
  lib: ["lib.esnext.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  strict: true,
  stripInternal: true,
  target: ts.ScriptTarget.ESNext,
  types: [],
};

/**
 * What the declarations mention of the web platform, and a file that declares it for programs whose `lib` has no "dom".
 * Where "dom" or @types/node is there, the file adds nothing to their interfaces.
 */
const PLATFORM = "platform.d.ts";
const MENTIONED = /\b(AbortSignal|ReadableStream|WebAssembly)\b/;
const PLATFORM_TYPES = `declare global {
  interface AbortSignal {}
  interface ReadableStream<R = any> {}
  namespace WebAssembly {
    interface Memory {}
    interface Module {}
  }
}
export {};
`;

/** `Disposable` is in no version of the standard yet that a user's program may be set to. */
const REFERENCE = '/// <reference lib="esnext.disposable" />\n';

/**
 * Write the declarations of these files, and of every file that they refer to, in the same tree below a folder.
 *
 * `deno check` checks the types; here the declarations of an entry are written in full, so none depends on a package.
 *
 * @throws {Error} When a declaration cannot be written. One error lists all faults.
 */
export function writeDeclarations(root: string, entries: readonly string[], folder: string): void {
  const program = ts.createProgram(entries.map((entry) => `${root}/${entry}`), {
    ...OPTIONS,
    rootDir: root,
    outDir: folder,
  });
  const declarations = new Map<string, string>();
  const { diagnostics } = program.emit(
    undefined,
    (path, text) => declarations.set(path, forNode(text, relative(dirname(path), folder))),
  );
  if (diagnostics.length) {
    const names = {
      getCanonicalFileName: (name: string) => name,
      getCurrentDirectory: () => root,
      getNewLine: () => "\n",
    };
    throw new Error(`Cannot write the declarations:\n${ts.formatDiagnostics(diagnostics, names)}`);
  }
  // A file that the entries import, and whose declarations mention none of its types, is not needed.
  const needed = new Set(entries.map((entry) => `${folder}/${entry.replace(/\.ts$/, ".d.ts")}`));
  for (const path of needed) {
    const text = declarations.get(path)!;
    for (const [, target] of text.matchAll(/(?:\bfrom |\bimport\(|\bimport )"(\.[^"]*)\.js"/g)) {
      needed.add(`${join(dirname(path), target)}.d.ts`);
    }
    ts.sys.writeFile(path, text);
  }
  ts.sys.writeFile(`${folder}/${PLATFORM}`, PLATFORM_TYPES);
}

/** Node finds the declarations of "./a.js" in "./a.d.ts". `toRoot`: the path from the file's folder to the package. */
function forNode(text: string, toRoot: string): string {
  const imports = text.replaceAll(/(\bfrom |\bimport\()"(\.[^"]*)\.ts"/g, '$1"$2.js"')
    .replaceAll(/"npm:[^"]*"/g, (name) => JSON.stringify(installed(JSON.parse(name)).path));
  const platform = MENTIONED.test(imports) ? `/// <reference path="${join(toRoot, PLATFORM)}" />\n` : "";
  return (imports.includes("Disposable") ? REFERENCE : "") + platform + imports;
}
