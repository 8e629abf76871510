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
  target: ts.ScriptTarget.ESNext,
  types: [],
};

/** `Disposable` is in no version of the standard yet that a user's program may be set to. */
const REFERENCE = '/// <reference lib="esnext.disposable" />\n';

/**
 * Write the declarations of these files, and of all that they import, in the same tree below a folder.
 *
 * Types are checked elsewhere (`deno check`); every one of an entry is written out, so none depends on a package.
 *
 * @throws {Error} When a declaration cannot be written; all faults are listed.
 */
export function writeDeclarations(root: string, entries: readonly string[], folder: string): void {
  const program = ts.createProgram(entries.map((entry) => `${root}/${entry}`), {
    ...OPTIONS,
    rootDir: root,
    outDir: folder,
  });
  const { diagnostics: faults } = program.emit(undefined, (path, text) => {
    // Node finds the declarations of "./a.js" in "./a.d.ts".
    const imports = text.replaceAll(/(\bfrom |\bimport\()"(\.[^"]*)\.ts"/g, '$1"$2.js"')
      .replaceAll(/"npm:[^"]*"/g, (name) => JSON.stringify(installed(JSON.parse(name)).path));
    ts.sys.writeFile(path, imports.includes("Disposable") ? REFERENCE + imports : imports);
  });
  if (!faults.length) return;
  const names = {
    getCanonicalFileName: (name: string) => name,
    getCurrentDirectory: () => root,
    getNewLine: () => "\n",
  };
  throw new Error(`Cannot write the declarations:\n${ts.formatDiagnostics(faults, names)}`);
}
