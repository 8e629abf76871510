import type { Layout } from "./batch.ts";

/** One of several by its name; or the only one, without a name. */
export type Entry<Value> = readonly [name: string | undefined, value: Value];

/** The layout of an input. */
export interface InputLayout extends Pick<Layout, "kind" | "columns"> {
  /** Whether there is one row for a sequence. Default false. */
  readonly isOne?: boolean;
}

/** The layout of the targets of an output. */
export type TargetLayout = Pick<Layout, "output" | "targets">;

/** The inputs of a net. */
export function inputsOf(layout: Layout): Entry<InputLayout>[] {
  const named = layout.net?.input.named;
  if (!named) return [[undefined, layout]];
  return Object.entries(named).map(([name, { kind, width, steps }]) => {
    const columns = kind === "values" ? width : 1;
    return [name, { kind: kind === "values" ? kind : "tokens", columns, isOne: steps === "one" }];
  });
}

/** The targets of a net. */
export function targetsOf({ net, output, targets }: Layout): Entry<TargetLayout>[] {
  const named = net?.output.named;
  if (!named) return [[undefined, { output, targets }]];
  return Object.entries(named).map(([name, { width, steps }]) => {
    const isLabels = net.loss.of![name].targets === "sequence";
    return [name, { output: width, targets: isLabels ? "labels" : steps === "one" ? "sequence" : "step" }];
  });
}

/** The data of one of several; or the only data. */
export function dataOf<Data>(data: Data | Readonly<Record<string, Data>>, name: string | undefined): Data {
  return name === undefined ? data as Data : (data as Readonly<Record<string, Data>> | undefined)?.[name] as Data;
}

/** The data of several by name; or the only data. */
export function joined<Data>(all: readonly Entry<Data>[]): Data | Record<string, Data> {
  return all[0][0] === undefined ? all[0][1] : Object.fromEntries(all);
}
