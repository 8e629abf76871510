/**
 * What runs a saved model can be imported without what trains models: no module that the files of src/models/run
 * import, directly or through others, belongs to training. Imports of types do not count: they are gone in JavaScript.
 */
import { type Source, withoutComments } from "./import_graph.ts";

/** The files that run models. */
const RUNNING = /^src\/models\/run\//;

/** What they may not reach: training, threads, the kernels of training, the trainable models. */
const TRAINING =
  /^src\/(session|trainer|threads|training)\/|^src\/kernels\/(load|generated\/all)\.ts$|^src\/models\/\w+\.ts$/;

/** The files of src/training that have no part in training: those of entry ./inference, and these. */
const INFERENCE = "inference.ts";
const PURE = ["src/training/log_softmax.ts", "src/training/data/arrangement.ts", "src/training/data/padding.ts"];

/** Every import by which a file that runs models reaches a file that trains them, one sentence each. */
export function trainingReached(sources: readonly Source[]): string[] {
  const texts = new Map(sources.map(({ path, text }) => [path, text]));
  const inference = reached(texts, [INFERENCE]);
  const isAllowed = (path: string) =>
    !TRAINING.test(path) || PURE.includes(path) || (path.startsWith("src/training/") && inference.has(path));
  const found = reached(texts, [...texts.keys()].filter((path) => RUNNING.test(path)), isAllowed);
  return [...found].filter(([path]) => !isAllowed(path)).map(([path, by]) =>
    `${by} imports ${path}: what runs a model must not import what trains it`
  );
}

/** The files that some files import, directly or through others that `isEntered`, each with a file that imports it. */
function reached(
  texts: ReadonlyMap<string, string>,
  roots: readonly string[],
  isEntered: (path: string) => boolean = () => true,
): Map<string, string> {
  const found = new Map(roots.map((path) => [path, path]));
  const pending = [...roots];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    for (const target of valueImports(texts.get(path) ?? "")) {
      const resolved = new URL(target, `file:///${path}`).pathname.slice(1);
      if (found.has(resolved)) continue;
      found.set(resolved, path);
      if (isEntered(resolved)) pending.push(resolved);
    }
  }
  return found;
}

/** The relative imports and re-exports of a file that are not of types alone. */
export function valueImports(text: string): string[] {
  const statement = /\b(?:import|export)\s+(type\s+)?([\w\s{},*$]*?)\bfrom\s*"(\.[^"]*)"|\bimport\s*\(?\s*"(\.[^"]*)"/g;
  return [...withoutComments(text).matchAll(statement)].flatMap(([, type, names, target, bare]) => {
    if (bare !== undefined) return [bare];
    const list = names.match(/^\s*\{([^}]*)\}\s*$/)?.[1].split(",").map((name) => name.trim()).filter(Boolean);
    return type || list?.every((name) => name.startsWith("type ")) ? [] : [target];
  });
}
