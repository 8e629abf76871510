/**
 * The rules about kernels, over the texts of assembly/ and src/kernels/.
 *
 * A kernel stands in four texts: its code and header in assembly/, the list assembly/index.ts or index_int8.ts, the
 * interface, and the access table in src/kernels/. They have the same kernels, with the same arguments in the same
 * order. The header has a line for each argument, whose direction is that of the access table.
 */
import { type Source, withoutComments } from "./import_graph.ts";

const INTERFACES = ["kernels", "loss_kernels", "optimizer_kernels", "pooling_kernels", "int8_kernels"].map((name) =>
  `src/kernels/${name}.ts`
);

/** Enumerations of assembly/, and the objects in src/kernels/ that have the same names in the same order. */
const KINDS = [
  { file: "activation_set", object: "activation_kinds" },
  { file: "element_loss", object: "element_loss_kinds" },
];

const LONGEST_LINE = 120;

/** A kernel as assembly/ declares it. */
interface Kernel {
  readonly name: string;
  readonly path: string;
  readonly parameters: readonly string[];
  /** The comment before the function. */
  readonly header: string;
}

/** A line of a header: what it says about one argument. */
interface ArgumentLine {
  readonly name: string;
  /** `[m, n]`; undefined when the argument is not an address. */
  readonly shape?: string;
  /** `in`, `out`, `inout` or `scratch`. */
  readonly direction?: string;
}

/** Every breach of the rules, one sentence each. */
export function kernelViolations(sources: readonly Source[]): string[] {
  const text = (path: string) => sources.find((source) => source.path === path)?.text ?? "";
  const kernels = exportedKernels(text);
  const interfaces = INTERFACES.map(text);
  const methods = new Map(
    interfaces.flatMap((text) => matches(withoutComments(text), /^ {2}(\w+)\(([^)]*)\): void;/gm))
      .map(([, name, list]) => [name, parameterNames(list)]),
  );
  const access = new Map(
    interfaces.flatMap((text) => matches(text, /^ {2,4}(\w+): "([^"\n]*)",$/gm))
      .map(([, name, words]) => [name, words.split(" ").filter(Boolean)]),
  );
  return [
    ...difference(methods.keys(), kernels.keys()).map((name) => `assembly/index.ts does not export ${name}`),
    ...difference(kernels.keys(), methods.keys()).map((name) => `interface Kernels does not have ${name}`),
    ...[...kernels.values()].flatMap((kernel) => [
      ...ofArguments(kernel, methods.get(kernel.name), access.get(kernel.name)),
      ...ofHeader(kernel, kernels, access.get(kernel.name) ?? []),
    ]),
    ...ofInference(text),
    ...KINDS.flatMap((kind) => ofKinds(text, kind)),
    ...sources.filter(({ path }) => path.startsWith("assembly/")).flatMap(ofLines),
  ];
}

/** The kernels that assembly/index.ts and index_int8.ts export, by name. */
function exportedKernels(text: (path: string) => string): Map<string, Kernel> {
  const lists = text("assembly/index.ts") + text("assembly/index_int8.ts");
  const kernels = matches(lists, /export \{([^}]*)\} from "\.\/(\w+)"/g);
  return new Map(kernels.flatMap(([, names, file]) =>
    matches(names, /\w+/g).map(([name]): [string, Kernel] => {
      const path = `assembly/${file}.ts`, code = text(path);
      const declaration = code.match(
        new RegExp(`((?:/\\*\\*(?:(?!\\*/)[^])*\\*/\\n)?)export function ${name}\\(([^)]*)\\)`),
      );
      const [, header, list] = declaration ?? ["", "", ""];
      return [name, { name, path, parameters: parameterNames(list), header }];
    })
  ));
}

function* ofArguments(kernel: Kernel, method: readonly string[] | undefined, access: readonly string[] | undefined) {
  const { name, path, parameters } = kernel;
  if (method && method.join() !== parameters.join()) {
    yield `${path}: ${name} has the arguments ${parameters.join(", ")}, interface Kernels ${method.join(", ")}`;
  }
  const words = access?.map((word) => word.match(/^\w*/)![0]) ?? [];
  if (method && words.join() !== parameters.join()) {
    yield `${path}: ${name} has the arguments ${parameters.join(", ")}, its access table ${words.join(", ")}`;
  }
}

function* ofHeader(kernel: Kernel, kernels: ReadonlyMap<string, Kernel>, access: readonly string[]) {
  const { name, path, parameters } = kernel;
  const model = kernels.get(kernel.header.match(/Arguments as `(\w+)`/)?.[1] ?? name) ?? kernel;
  const lines = argumentLines(model.header);
  for (const line of lines) {
    if (!parameters.includes(line.name)) yield `${path}: the header of ${name} has "${line.name}", the kernel does not`;
  }
  const dimensions = lines.flatMap(({ shape = "" }) => matches(shape, /[A-Za-z]\w*/g).map(([word]) => word));
  for (const [i, parameter] of parameters.entries()) {
    const line = lines.find((line) => line.name === parameter);
    const isStride = lines.some(({ name, shape }) => shape && `ld${name.toLowerCase()}` === parameter);
    if (!line && !isStride && !dimensions.includes(parameter)) {
      yield `${path}: the header of ${name} does not have "${parameter}"`;
    }
    const mark = access[i]?.match(/[<>!]/)?.[0];
    const allowed = mark === "<" ? ["in"] : mark === ">" ? ["out", "inout", "scratch"] : ["scratch", undefined];
    if (line && !allowed.includes(line.direction)) {
      yield `${path}: "${parameter}" of ${name} is ${line.direction ?? "no address"}, the access table has "${
        access[i]
      }"`;
    }
  }
}

/** The lines of a header that document arguments: names, then shape and direction, or a meaning. */
function argumentLines(header: string): ArgumentLine[] {
  return header.split("\n").flatMap((line): ArgumentLine[] => {
    const [, names, rest] = line.match(/^ \* {3}(\w+(?:, \w+)*) (?: +|(?=\[))(\S.*)$/) ?? [];
    if (!names) return [];
    const [, shape, direction] = rest.match(/^(\[[^\]]*\])(?: (?:f64|i32))? +(inout|in|out|scratch)\b/) ?? [];
    return names.split(", ").map((name) => ({ name, shape, direction }));
  });
}

/** assembly/index_inference.ts exports kernels of assembly/index.ts, in the same order. */
function ofInference(text: (path: string) => string): string[] {
  const names = (path: string) =>
    matches(text(path), /export \{([^}]*)\} from "\.\/\w+"/g).flatMap(([, list]) =>
      matches(list, /\w+/g).map(([name]) => name)
    );
  const inference = names("assembly/index_inference.ts");
  const expected = names("assembly/index.ts").filter((name) => inference.includes(name));
  return inference.join() === expected.join() ? [] : [`assembly/index_inference.ts is not in the order of index.ts`];
}

/** An enumeration `Kind` and its object have the same names, in the same order. */
function ofKinds(text: (path: string) => string, { file, object }: { file: string; object: string }): string[] {
  const [, members = ""] = withoutComments(text(`assembly/${file}.ts`)).match(/enum Kind \{([^}]*)\}/) ?? [];
  const kinds = matches(members, /\w+/g).map(([name], i) => `${name[0].toLowerCase()}${name.slice(1)}: ${i}`);
  const entries = matches(withoutComments(text(`src/kernels/${object}.ts`)), /\w+: \d+/g).map(([entry]) => entry);
  return kinds.join() === entries.join() ? [] : [`assembly/${file}.ts: Kind differs from src/kernels/${object}.ts`];
}

/** No tool wraps the lines of assembly/: `deno fmt` would delete its decorators. */
function ofLines({ path, text }: Source): string[] {
  return text.split("\n").flatMap((line, i) =>
    line.length > LONGEST_LINE
      ? [`${path}:${i + 1} has ${line.length} columns, at most ${LONGEST_LINE} are allowed`]
      : []
  );
}

function parameterNames(list: string): string[] {
  return list.split(",").map((parameter) => parameter.split(":")[0].trim()).filter(Boolean);
}

function difference(names: Iterable<string>, others: Iterable<string>): string[] {
  const set = new Set(others);
  return [...names].filter((name) => !set.has(name));
}

function matches(text: string, pattern: RegExp): RegExpMatchArray[] {
  return [...text.matchAll(pattern)];
}
