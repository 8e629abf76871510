import { format, OptionError } from "../errors.ts";
import { type ListedKind, rulesOf } from "./tokens.ts";

/** Listed tokens of one kind, as a vocabulary uses them. */
export class TokenList {
  readonly kind: ListedKind;
  readonly tokens: readonly string[];
  /** The language whose words have no spaces between them; undefined: each letter of such scripts is a token. */
  readonly locale: string | undefined;
  readonly #ids: Map<string, number>;
  readonly #segmenter: Intl.Segmenter | undefined;

  /** @throws {OptionError} When `locale` is not a language, or is given for another kind than words. */
  constructor(kind: ListedKind, tokens: readonly string[], locale: string | undefined) {
    this.kind = kind;
    this.tokens = Object.freeze([...tokens]);
    this.locale = locale;
    this.#ids = new Map(this.tokens.map((token, id) => [token, id]));
    this.#segmenter = segmenterOf(kind, locale);
  }

  get size(): number {
    return this.tokens.length;
  }

  id(token: string): number | undefined {
    return this.#ids.get(token);
  }

  split(text: string): string[] {
    return [...rulesOf(this.kind).split(text, this.#segmenter)];
  }

  encode(text: string | readonly string[]): Int32Array<ArrayBuffer> {
    const tokens = typeof text === "string" ? rulesOf(this.kind).split(text, this.#segmenter) : text;
    const unknown = this.#ids.get("<unk>");
    // Every token has at least one UTF-16 unit, and there is at most one `<join>` before it.
    const ids = new Int32Array(2 * text.length);
    let length = 0;
    for (const token of tokens) {
      const id = this.#ids.get(token) ?? unknown;
      if (id === undefined) throw new OptionError(this.#missing(text, token, length));
      ids[length++] = id;
    }
    return ids.slice(0, length);
  }

  decode(ids: readonly number[]): string {
    return ids.map(this.writer()).join("");
  }

  writer(): (id: number) => string {
    const write = rulesOf(this.kind).writer();
    return (id) => write(this.tokens[id]);
  }

  toJSON(): { kind: ListedKind; locale?: string; tokens: string[] } {
    const { kind, locale, tokens } = this;
    return { kind, ...locale !== undefined && { locale }, tokens: [...tokens] };
  }

  /** The error message for an unknown token, which is number `index` of the tokens. */
  #missing(text: string | readonly string[], token: string, index: number): string {
    const [what, things] = this.kind === "characters"
      ? [describeCharacter(token), "characters"]
      : [format(token), "tokens"];
    const { isWhole, writer } = rulesOf(this.kind);
    const write = writer();
    const before = isWhole && typeof text === "string" ? this.split(text).slice(0, index).map(write).join("") : "";
    const start = before.length + write(token).length - token.length;
    const place = typeof text === "string" && isWhole ? `index ${start}` : `token ${index}`;
    return `Cannot encode: "text" must have only the ${this.size} ${things} of the vocabulary, got ${what} at ${place}`;
  }
}

/** What cuts the letters of scripts without spaces in a language. */
export function segmenterOf(kind: ListedKind, locale: string | undefined): Intl.Segmenter | undefined {
  if (locale === undefined) return undefined;
  if (!rulesOf(kind).hasLocale) {
    throw new OptionError(`"locale" is for words, got ${JSON.stringify(locale)} for ${kind}`);
  }
  try {
    return new Intl.Segmenter(locale, { granularity: "word" });
  } catch {
    throw new OptionError(`"locale" must be a language, such as "ja" or "th", got ${JSON.stringify(locale)}`);
  }
}

/** A character and its code point: "é" (U+00E9). */
function describeCharacter(character: string): string {
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
  return `${format(character)} (U+${code})`;
}
