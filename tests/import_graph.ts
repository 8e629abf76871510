/** Which file imports which, from the texts of the files. */

/** A file: its path from the root of the repository, and its content. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Each file's imports, by their paths from the root of the repository; types count, packages do not. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** The graph of these files. */
export function importGraph(sources: readonly Source[]): ImportGraph {
  return new Map(sources.map(({ path, text }) => {
    const relative = imports(withoutComments(text)).filter((target) => target.startsWith("."));
    return [path, relative.map((target) => resolved(path, target))];
  }));
}

/** What a file names after `from`, `import` and `import(`. */
export function imports(code: string): string[] {
  const pattern =
    /\b(?:import|export)\s+(?:type\s+)?[\w\s{},*$]*?\bfrom\s*(["'])(.*?)\1|\bimport\s*\(?\s*(["'])(.*?)\3/g;
  return [...code.matchAll(pattern)].map((match) => match[2] ?? match[4]);
}

/** The path from the root of the repository of what a file calls `target`. */
export function resolved(path: string, target: string): string {
  return new URL(target, `file:///${path}`).pathname.slice(1);
}

/** The files that a file imports, directly or through others. */
export function closure(graph: ImportGraph, path: string): Set<string> {
  const found = new Set<string>();
  const open = [path];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const target of graph.get(next) ?? []) {
      if (found.has(target)) continue;
      found.add(target);
      open.push(target);
    }
  }
  return found;
}

/** The sets of files that all import each other, directly or through others; each set is sorted. */
export function circles(graph: ImportGraph): string[][] {
  const reach = new Map([...graph.keys()].map((path) => [path, closure(graph, path)]));
  const inCircles = [...graph.keys()].filter((path) => reach.get(path)!.has(path)).sort();
  const sets = inCircles.map((path) => inCircles.filter((other) => together(reach, path, other)));
  return sets.filter(([first], i) => first === inCircles[i]);
}

function together(reach: ReadonlyMap<string, ReadonlySet<string>>, a: string, b: string): boolean {
  return reach.get(a)!.has(b) && reach.get(b)!.has(a);
}

/** The text with a space for each line of a comment; strings, which may look as if they held one, stay. */
export function withoutComments(text: string): string {
  const pattern = /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return text.replaceAll(pattern, (all, string) => string ?? all.replaceAll(/[^\n]+/g, " "));
}
