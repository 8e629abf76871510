import type { EquationsData } from "../../cells/equations/data.ts";
import type { ExportContext, ExportValue } from "./context.ts";
import { scanNodes } from "./scan.ts";

/** One layer of a stack whose cell has equations: what its directions share. */
export interface ScanLevel {
  readonly cell: EquationsData;
  /** The beginning of the names of its tensors. */
  readonly prefix: string;
  /** For each direction, the end of the names of its tensors. */
  readonly suffixes: readonly string[];
  readonly H: number;
}

/** Elements of a row of the output of one direction. */
export const scanWidth = ({ cell, H }: ScanLevel) => stateWidths(cell, H)[0][1];

function stateWidths({ states }: EquationsData, H: number): (readonly [name: string, width: number])[] {
  return Object.entries(states).map(([name, width]) => [name, width === "H" ? H : width]);
}

/**
 * Writes the Scan nodes of one level: outputs `[T, D, B, width]` and last outputs `[D, B, width]`.
 *
 * @param isLearned Whether the initial states are parameters.
 */
export function scanLevel(
  context: ExportContext,
  { cell, prefix, suffixes, H }: ScanLevel,
  x: ExportValue,
  isLearned: boolean,
): [outputs: string, last: string] {
  const { graph, parameters, states } = context, widths = stateWidths(cell, H);
  const inputs = suffixes.map((suffix) =>
    widths.map(([name, width]) => {
      if (states) return graph.input(prefix + name + suffix, "float", ["B", width]);
      const shape = graph.node("Concat", [context.batch(), graph.integers([width])], { axis: 0 });
      const learned = parameters.get(`${prefix}initial_${name}${suffix}`);
      const from = isLearned
        ? graph.constant(`${prefix}initial_${name}${suffix}`, [width], learned!.data)
        : graph.number(0);
      return graph.node("Expand", [from, shape]);
    })
  );
  const scanned = suffixes.map((suffix, d) => {
    return scanNodes(context, { cell, prefix, suffix, H, isReverse: d === 1 }, x, inputs[d]);
  });
  if (states) {
    scanned.forEach(({ last }, d) =>
      widths.forEach(([name, width], i) => graph.output(`${prefix}${name}${suffixes[d]}_n`, last[i], ["B", width]))
    );
  }
  const together = (values: readonly string[], axis: number) => {
    const each = values.map((value) => graph.node("Unsqueeze", [value, graph.integers([axis])]));
    return each.length === 1 ? each[0] : graph.node("Concat", each, { axis });
  };
  return [together(scanned.map(({ outputs }) => outputs), 1), together(scanned.map(({ last }) => last[0]), 0)];
}
