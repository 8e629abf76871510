import type { ParameterSlot } from "../memory/planner.ts";

/** The parameters as a table of text, one a line, with their sums below. */
export function summary(parameters: readonly ParameterSlot[], frozen: readonly string[]): string {
  const row = (
    name: string,
    shape: string,
    size: number,
    note: string,
  ) => [name, shape, grouped(size), grouped(4 * size), note];
  const total = parameters.reduce((sum, { size }) => sum + size, 0);
  const frozenSize = parameters.reduce((sum, { name, size }) => sum + (frozen.includes(name) ? size : 0), 0);
  const rows = [
    ["name", "shape", "parameters", "bytes", ""],
    ...parameters.map(({ name, aliases, shape, size }) => {
      const notes = [...aliases.map((alias) => `is ${alias}`), ...frozen.includes(name) ? ["frozen"] : []];
      return row(name, `[${shape.join(", ")}]`, size, notes.join(", "));
    }),
    row("total", "", total, frozenSize ? `${grouped(total - frozenSize)} trained` : ""),
  ];
  const widths = rows[0].map((_, c) => Math.max(...rows.map((cells) => cells[c].length)));
  const pad = (cell: string, c: number) => c === 2 || c === 3 ? cell.padStart(widths[c]) : cell.padEnd(widths[c]);
  return rows.map((cells) => cells.map(pad).join("  ").trimEnd()).join("\n");
}

/** 1234567 as 1,234,567. */
function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}
