/** HTML. The `html` template escapes every other value. */
export class Markup {
  constructor(
    /** HTML source. */
    readonly text: string,
  ) {}
}

type HtmlValue = Markup | string | number | undefined | readonly HtmlValue[];

/** Template of HTML. Strings and numbers are escaped, `Markup` is inserted as it is, `undefined` is left out. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Markup {
  return new Markup(parts.reduce((text, part, i) => text + render(values[i - 1]) + part));
}

function render(value: HtmlValue): string {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(render).join("");
  return value === undefined ? "" : escape(String(value));
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Escape the characters of markup. Characters that HTML forbids become U+FFFD. */
function escape(text: string): string {
  // deno-lint-ignore no-control-regex
  const allowed = text.toWellFormed().replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]/g, "\ufffd");
  return allowed.replace(/[&<>"']/g, (character) => ESCAPES[character]);
}

/** A number with three digits: 0.0123, 1.6, 7,652, 1.2e-9. */
export function formatNumber(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e7) return value.toExponential(1).replace("e+", "e").replace(".0e", "e");
  if (Number.isInteger(value) || size >= 1000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** A fraction of 1 as percentage: 12 %, 0.3 %. */
export function formatPercent(fraction: number): string {
  return `${Number((100 * fraction).toPrecision(2))} %`;
}

/** A number of training steps, short enough for an axis: 200, 7,500, 150k, 2M. */
export function formatSteps(value: number): string {
  return value >= 1e6
    ? `${formatNumber(value / 1e6)}M`
    : value >= 1e5
    ? `${formatNumber(value / 1e3)}k`
    : formatNumber(value);
}

/** Seconds as 0.4 s, 41 s, 12 min 5 s, 3 h 20 min. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const s = Math.round(seconds);
  const m = Math.floor(s / 60);
  const h = Math.floor(m / 60);
  return h ? `${h} h ${m % 60} min` : m ? `${m} min ${s % 60} s` : `${s} s`;
}
