import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

/** A curve with its name at the end. */
export interface Line {
  readonly name: string;
  readonly points: readonly { x: number; y: number }[];
}

/** One diagram: y from zero, or logarithmic. */
export interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly logarithmic: boolean;
}

const WIDTH = 420, HEIGHT = 320;

/** Diagrams side by side over a logarithmic x, as a file of SVG that stands alone. */
export function plot(panels: readonly Panel[]): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const diagrams = panels.map(({ title, lines, logarithmic }, i) => {
    const points = lines.flatMap(({ name, points }) => points.map((point) => ({ ...point, name })));
    const svg = Plot.plot({
      document: document as unknown as Document,
      width: WIDTH,
      height: HEIGHT,
      marginRight: 90,
      grid: true,
      x: { type: "log", label: "time steps T", ticks: lines[0].points.map(({ x }) => x), tickFormat: String },
      y: logarithmic ? { type: "log", label: title, tickFormat: String } : { zero: true, label: title },
      marks: [
        Plot.line(points, { x: "x", y: "y", stroke: "name", marker: "dot" }),
        Plot.text(points, Plot.selectLast({ x: "x", y: "y", z: "name", text: "name", textAnchor: "start", dx: 6 })),
      ],
    });
    svg.setAttribute("x", String(i * WIDTH));
    return svg.outerHTML;
  });
  const size = `width="${panels.length * WIDTH}" height="${HEIGHT}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}><rect ${size} fill="white" />${diagrams.join("")}</svg>\n`;
}
