/**
 * The public API as text: every exported name of every entry with its declaration, without comments. A change of the
 * API shows in the difference of docs/api.txt.
 *
 *     deno task api            # writes docs/api.txt
 *     deno task api --check    # compares: exit code 1 when the file is out of date
 */
import ts from "typescript";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");
const FILE = `${ROOT}/docs/api.txt`;

const OPTIONS: ts.CompilerOptions = {
  allowImportingTsExtensions: true,
  declaration: true,
  emitDeclarationOnly: true,
  lib: ["lib.esnext.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  removeComments: true,
  strict: true,
  stripInternal: true,
  target: ts.ScriptTarget.ESNext,
  types: [],
};

/** The text of docs/api.txt. */
export function apiText(): string {
  const entries = Object.entries(config.exports).map(([name, path]) => ({ name, path: path.slice("./".length) }));
  const declarations = emitDeclarations(entries.map(({ path }) => `${ROOT}/${path}`));
  const program = ts.createProgram([...declarations.keys()], OPTIONS, hostOf(declarations));
  const checker = program.getTypeChecker();
  const firstEntry = new Map<ts.Symbol, string>();
  const sections = entries.map(({ name, path }) => {
    const file = program.getSourceFile(declarationPath(`${ROOT}/${path}`))!;
    const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(file)!);
    const lines = exported.toSorted((a, b) => a.name < b.name ? -1 : 1).map((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      const first = firstEntry.get(target);
      if (first !== undefined) return `${symbol.name}: see "${first}"`;
      firstEntry.set(target, name);
      return (target.declarations ?? []).map(declarationText).join("\n");
    });
    return `# ${name}\n\n${lines.join("\n")}\n`;
  });
  return sections.join("\n");
}

/** The declaration files of these files and of all that they import, by path. */
function emitDeclarations(files: readonly string[]): Map<string, string> {
  const declarations = new Map<string, string>();
  const program = ts.createProgram(files, { ...OPTIONS, rootDir: ROOT });
  program.emit(undefined, (path, text) => declarations.set(path, text), undefined, true);
  return declarations;
}

/** Reads declarations from memory, and everything else from the disk. */
function hostOf(declarations: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(OPTIONS);
  const { getSourceFile } = host;
  host.fileExists = (path) => declarations.has(path) || (!isOurs(path) && ts.sys.fileExists(path));
  host.readFile = (path) => declarations.get(path) ?? ts.sys.readFile(path);
  host.getSourceFile = (path, version, ...rest) => {
    const text = declarations.get(path);
    return text === undefined
      ? getSourceFile.call(host, path, version, ...rest)
      : ts.createSourceFile(path, text, version, true);
  };
  return host;
}

/** Sources of the repository are hidden, so that imports find their declarations. */
function isOurs(path: string): boolean {
  return path.startsWith(`${ROOT}/`) && !path.includes("node_modules") && path.endsWith(".ts");
}

function declarationPath(path: string): string {
  return path.replace(/\.ts$/, ".d.ts");
}

/** One declaration, without `export`, `declare` and private members. */
function declarationText(declaration: ts.Declaration): string {
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return node.getText().replace(/^export /, "").replace(/^declare /, "").replaceAll(/^ *#private;\n/gm, "")
    .replaceAll(/^ *private .*\n/gm, "");
}

if (import.meta.main) {
  const text = apiText();
  if (!Deno.args.includes("--check")) Deno.writeTextFileSync(FILE, text);
  else if (Deno.readTextFileSync(FILE) !== text) {
    console.error("docs/api.txt is not the API of the code: run `deno task api`, and look at the difference");
    Deno.exit(1);
  }
}
