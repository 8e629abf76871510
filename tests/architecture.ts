/**
 * The rules about who may import whom and what may be said where, over the texts of the repository's files.
 *
 * Comments do not count, except where a rule says so. Generated files are held to the import rules only.
 */

import { circles, closure, importGraph, imports, resolved, type Source, withoutComments } from "./import_graph.ts";

/** Folders of src/ by level: imports go from a level to lower ones, or stay in the folder. */
const LEVELS: Record<string, number> = {
  memory: 1,
  kernels: 2,
  threads: 3,
  ops: 4,
  cells: 5,
  layers: 6,
  training: 7,
  runtime: 8,
  session: 9,
  trainer: 10,
  decoding: 11,
  models: 12,
  check: 13,
  report: 13,
  onnx: 13,
  keras: 13,
  distributed: 13,
};

/** Folders that import only errors.ts, options.ts and themselves, and who may import them. */
const LEAVES: Record<string, readonly string[]> = {
  text: ["decoding", "models"],
  formats: ["runtime", "session", "decoding", "models", "keras", "onnx"],
  files: [],
  random: ["session", "decoding", "models", "training", "kernels", "check"],
};

/** Entry points: they re-export from anywhere in src/. */
export const ENTRIES = [
  "mod.ts",
  "check.ts",
  "files.ts",
  "models.ts",
  "mpi.ts",
  "onnx.ts",
  "keras.ts",
  "tfjs.ts",
  "inference.ts",
  "losses.ts",
  "cells.ts",
  "layers.ts",
  "metrics.ts",
  "run.ts",
  "wide.ts",
  "report.ts",
];

/** Files of src/ that all others may import. */
const BESIDE = ["src/errors.ts", "src/resource.ts"];

/** Folders behind an entry of their own, and the packages that their files may import. */
const PACKAGES: Record<string, RegExp> = {
  onnx: /^npm:@bufbuild\/protobuf@[\d.]+\/wire$/,
  "keras/files": /^npm:(h5wasm|fflate)@[\d.]+$/,
  report: /^npm:(@observablehq\/plot|linkedom)@[\d.]+$/,
};

const BANNED_NAMES = ["utils", "helpers", "common", "misc", "types", "core"];

/** Functions whose last bit differs between engines. */
const INEXACT = /\bMath\s*\.\s*(exp|log|log2|log10|log1p|expm1|pow|tanh|sinh|cosh|sin|cos|tan|cbrt|hypot)\b/;

/** What came after Node 20 or WebKit 16.4: functions, iterator helpers, methods of sets, looking behind in patterns. */
const NEWER = new RegExp(
  [
    "\\b(Map|Object)\\.groupBy\\b",
    "\\b(fromBase64|toBase64|fromHex|toHex|withResolvers|f16round|sumPrecise|fromAsync|Float16Array\\.from)\\b",
    "\\b(Promise\\.try|RegExp\\.escape|Iterator\\.\\w+|new Float16Array)\\b",
    "\\.(keys|values|entries)\\(\\)\\s*\\.\\w+",
    "\\.(isSubsetOf|isSupersetOf|isDisjointFrom|symmetricDifference|difference|intersection|union)\\(",
    "\\(\\?<[=!]",
  ].join("|"),
);

/** Words that belong to some places only. */
const RESERVED: readonly { word: RegExp; scope: RegExp; except: RegExp }[] = [
  { word: /\bWebAssembly\b/, scope: /^src\//, except: /^src\/(kernels|memory|threads)\// },
  { word: /\bWorker\b/, scope: /^src\//, except: /^src\/threads\// },
  { word: /\bDeno\b/, scope: /^src\//, except: /^src\/distributed\// },
  { word: /(?<=["'`])node:/, scope: /^src\//, except: /^src\/files\// },
  { word: INEXACT, scope: /^src\//, except: /^src\/report\// },
  // Math under another name would hide its functions from the rule above.
  { word: /\bMath\b(?!\s*\.\s*\w)/, scope: /^src\//, except: /^src\/report\// },
  // WebKit has no Symbol.dispose, and Node before 24 no `using`.
  { word: /\bSymbol\.dispose\b|\busing \w+ =/, scope: /^src\//, except: /^src\/(resource\.ts|distributed\/)/ },
  // Not in Node 20, or not in WebKit 16.4.
  { word: NEWER, scope: /^src\//, except: /^src\/(kernels\/builds\.ts|distributed\/)/ },
  { word: /\brelaxed_\w+/, scope: /^(assembly|src)\//, except: /^assembly\/madd\.ts$/ },
];

/** The one file of src/ that kernels import: enumerations that both compilers read. */
const SETTINGS = "../src/kernels/optimizer_settings";

const LONGEST = 400;

/** What a program that only runs trained nets must not load. */
const TRAINING = /^src\/(session|trainer|decoding|models)\//;

const COLUMNS = 120;

/** Faults that still stand. An entry that nothing needs any more is a fault itself. */
export interface Known {
  /** Circles of imports: their files in alphabetical order, joined by spaces. */
  readonly circles: readonly string[];
  /** Folders and files with comments that are too wide. */
  readonly wideComments: readonly string[];
}

/** Every breach of the rules, one sentence each. */
export function violations(sources: readonly Source[], known: Known = { circles: [], wideComments: [] }): string[] {
  return [
    ...sources.flatMap(({ path, text }) => [...ofFile(path, text)]),
    ...inferenceFaults(sources),
    ...circleFaults(sources, known.circles),
    ...wideComments(sources, known.wideComments),
  ];
}

function* ofFile(path: string, text: string): Iterable<string> {
  const code = withoutComments(text), isGenerated = path.includes("/generated/");
  for (const name of path.replace(/\.\w+$/, "").split("/")) {
    if (BANNED_NAMES.includes(name)) yield `${path}: nothing may be called "${name}"`;
    if (!/^[a-z0-9_]+$/.test(name)) yield `${path}: "${name}" is not snake_case`;
  }
  for (const target of imports(code)) {
    const fault = importFault(path, target);
    if (fault) yield `${path} imports "${target}": ${fault}`;
  }
  if (isGenerated) return;
  for (const { word, scope, except } of RESERVED) {
    const found = scope.test(path) && !except.test(path) && code.match(word);
    if (found) yield `${path} says "${found[0]}"`;
  }
  const lines = text.split("\n").length - 1;
  if (path.startsWith("src/") && lines > LONGEST) yield `${path} has ${lines} lines, at most ${LONGEST} are allowed`;
}

function importFault(path: string, target: string): string | undefined {
  const [root] = path.split("/");
  if (root === "assembly") {
    if (path === "assembly/build.ts" || target === SETTINGS || /^\.\/\w+$/.test(target)) return undefined;
    return "kernels import only each other";
  }
  if (root === "tests") return testImportFault(path, target);
  if (root !== "src" && !ENTRIES.includes(path)) return undefined;
  if (path.startsWith("src/files/") && /^node:(fs|path|process)$/.test(target)) return undefined;
  if (mayImportPackage(path, target)) return undefined;
  if (!/^\.\.?\/.*\.ts$/.test(target)) return "only relative imports that end in .ts work from a URL";
  const imported = resolved(path, target);
  if (!imported.startsWith("src/")) return "it lies outside src";
  if (ENTRIES.includes(path) || BESIDE.includes(imported)) return undefined;
  const from = folder(path), to = folder(imported);
  if (from === undefined) return "files beside the folders import errors.ts and resource.ts alone";
  if (imported === "src/options.ts") return undefined;
  if (to === undefined) return "there is nothing to import beside the folders but errors.ts, options.ts, resource.ts";
  if (from === to) return undefined;
  if (to in LEAVES) return LEAVES[to].includes(from) ? undefined : `${from} may not import ${to}`;
  if (from in LEAVES) return `${from} is a leaf`;
  if (!(from in LEVELS)) return `the folder ${from} has no level`;
  if (!(to in LEVELS)) return `the folder ${to} has no level`;
  return LEVELS[to] < LEVELS[from] ? undefined : `${from} (${LEVELS[from]}) is not above ${to} (${LEVELS[to]})`;
}

function mayImportPackage(path: string, target: string): boolean {
  return Object.entries(PACKAGES).some(([place, packages]) =>
    path.startsWith(`src/${place}/`) && packages.test(target)
  );
}

/** Tests share code in support/ and data in fixtures/, and nothing else. */
function testImportFault(path: string, target: string): string | undefined {
  const imported = target.startsWith(".") ? resolved(path, target) : "";
  if (!imported.startsWith("tests/")) return undefined;
  const from = folder(path), to = folder(imported);
  if (to === "support" || to === "fixtures") return undefined;
  return from === to ? undefined : "tests share only what is in support and fixtures";
}

/** `kernels` of `src/kernels/reference/gemm.ts`; undefined of a file beside the folders. */
function folder(path: string): string | undefined {
  const [, name, ...rest] = path.split("/");
  return rest.length ? name : undefined;
}

function inferenceFaults(sources: readonly Source[]): string[] {
  const loaded = [...closure(importGraph(sources), "inference.ts")].filter((path) => TRAINING.test(path));
  return loaded.map((path) => `inference.ts loads ${path}, directly or through others`);
}

function circleFaults(sources: readonly Source[], known: readonly string[]): string[] {
  const found = circles(importGraph(sources.filter(({ path }) => path.startsWith("src/")))).map((set) => set.join(" "));
  return [
    ...found.filter((set) => !known.includes(set)).map((set) => circle(set.split(" "))),
    ...known.filter((set) => !found.includes(set)).map((set) => `there is no circle ${set} any more`),
  ];
}

function circle(files: readonly string[]): string {
  return files.length === 1 ? `${files[0]} imports itself` : `${files.join(" and ")} import each other`;
}

function wideComments(sources: readonly Source[], known: readonly string[]): string[] {
  const found = sources.filter(({ path }) => !path.includes("/generated/")).flatMap(({ path, text }) => {
    const code = withoutComments(text).split("\n");
    const wide = text.split("\n").findIndex((line, i) => line.length > COLUMNS && line !== code[i]);
    return wide < 0 ? [] : [{ path, line: wide + 1 }];
  });
  const isIn = (folder: string, path: string) => path === folder || path.startsWith(`${folder}/`);
  const isKnown = (path: string) => known.some((folder) => isIn(folder, path));
  const isNeeded = (folder: string) => found.some(({ path }) => isIn(folder, path));
  return [
    ...found.filter(({ path }) => !isKnown(path)).map(({ path, line }) =>
      `${path}:${line}: a comment of more than ${COLUMNS} columns`
    ),
    ...known.filter((folder) => !isNeeded(folder)).map((folder) => `no comment of ${folder} is too wide any more`),
  ];
}
