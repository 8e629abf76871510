// deno-lint-ignore-file no-import-prefix -- an entry must work from a URL, where deno.json does not travel
import * as Plot from "npm:@observablehq/plot@0.6.17";
import { parseHTML } from "npm:linkedom@0.18.15";
import { html, Markup } from "./markup.ts";

/** Observable Plot, whose figures are drawn without a browser. */
export { Plot };

/** Attributes with numbers of pixels. */
const PIXELS = /\b(d|transform|x|y|x1|x2|y1|y2|width|height)="[^"]*"/g;

/** A drawing as SVG, 440 pixels wide where nothing else is said; `label` is what it shows, in words. */
export function draw(label: string, options: Plot.PlotOptions): Markup {
  const { document } = parseHTML("<html></html>") as unknown as { document: Document };
  const plot = Plot.plot({
    document,
    className: "plot",
    width: 440,
    height: 230,
    marginLeft: 48,
    marginBottom: 34,
    ...options,
  });
  // A hundredth of a pixel is enough.
  const svg = plot.outerHTML.replace(PIXELS, (attribute) => attribute.replace(/\d+\.\d{3,}/g, rounded));
  const named = html`<svg role="img" aria-label="${label}"></svg>`.text.trim().replace("></svg>", "");
  return new Markup(svg.replace(/<style>.*?<\/style>/s, "").replace(/^<svg/, () => named));
}

function rounded(digits: string): string {
  return String(Math.round(Number(digits) * 100) / 100);
}
