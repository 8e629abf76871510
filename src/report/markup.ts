/** HTML as it is: what else is put into `html` is text. */
export class Markup {
  constructor(
    /** HTML. */
    readonly text: string,
  ) {}
}

type Part = Markup | string | number | undefined | readonly Part[];

/** A template of HTML, in which texts and numbers stay what they are, whatever they contain. */
export function html(parts: TemplateStringsArray, ...values: readonly Part[]): Markup {
  return new Markup(parts.reduce((text, part, i) => text + written(values[i - 1]) + part));
}

function written(value: Part): string {
  if (value instanceof Markup) return value.text;
  if (Array.isArray(value)) return value.map(written).join("");
  return value === undefined ? "" : escaped(String(value));
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Characters of markup are written in another way; those that no page may have become U+FFFD. */
function escaped(text: string): string {
  // deno-lint-ignore no-control-regex
  const allowed = text.toWellFormed().replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]/g, "\ufffd");
  return allowed.replace(/[&<>"']/g, (character) => ESCAPES[character]);
}
