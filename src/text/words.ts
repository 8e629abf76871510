/**
 * Words, and the spaces between them: the rules of `Vocabulary.words` and `Vocabulary.folded`.
 *
 * A text is cut into words, marks and white space by the ranges of characters below. They do not change, so all engines
 * cut alike; the Unicode properties of regular expressions grow with each version of Unicode.
 *
 * Whether a single space stands between two tokens follows from the two tokens alone (`Spacing`), except for marks that
 * both open and close. So a space is no token and no part of a token. Where a text deviates from the rule, a token says
 * so: `" "` for a space, `<join>` for none. Other white space is a token of its own.
 */

/** The token that says: there is no space between its neighbours, although the rule has one. */
export const JOIN = "<join>";

/** The ranges of characters, as regular expressions; made by a call, which bundlers can drop. */
const RANGES = /* @__PURE__ */ ranges();

function ranges(): Record<"pieces" | "white" | "unspaced" | "tight", RegExp> {
  const { raw } = String;
  // Line breaks but for CR LF, and other white space: together what `String.prototype.trim` removes.
  const BREAK = raw`\n-\r\u2028\u2029`;
  const SPACE = raw`\t \xa0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff`;

  // Marks: all that is neither white space nor part of a word, in the order of the blocks. Ranges may reach over white
  // space and over letters of scripts without spaces, which are cut first.
  const MARK = raw`\0-/:-@[-\x60{-\xa9\xab\xac\xae-\xb1\xb4\xb6-\xb8\xbb\xbf\xd7\xf7` + // Latin
    raw`\u02c2-\u02c5\u037e\u0387\u055a-\u055f\u0589\u058a\u05be\u05c0\u05c3\u05c6\u05f3\u05f4` + // to Hebrew
    raw`\u0600-\u060f\u061b-\u061f\u066a-\u066d\u06d4\u0964\u0965\u0970\u0df4\u0e3f\u0e4f\u0e5a\u0e5b` +
    raw`\u0f04-\u0f14\u104a-\u104f\u10fb\u1360-\u1368\u1400\u166e\u17d4-\u17da\u1800-\u180a` +
    raw`\u200b\u200e-\u206f\u20a0-\u20cf\u2100-\u214f\u2190-\u2bff\u2e00-\u2e7f\u3001-\u303d\u30a0\u30fb` +
    raw`\ud800-\uf8ff\ufd3e\ufd3f\ufe10-\ufe6f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uffe0-\uffff` +
    raw`\u{1d000}-\u{1d3ff}\u{1f000}-\u{1faff}\u{e0000}-\u{10ffff}`; // music, emoji, tags, private use

  // Letters of scripts that have no spaces between words: Thai to Khmer, Kana, Chinese characters.
  const UNSPACED = raw`\u0e01-\u0e3e\u0e40-\u0e4e\u0e50-\u0e59\u0e80-\u0eff\u1000-\u1049\u1050-\u109f\u1780-\u17d3` +
    raw`\u3005-\u3007\u3021-\u302f\u3031-\u303c\u303e-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u9fff` +
    raw`\uf900-\ufaff\uff66-\uff9f\u{20000}-\u{3ffff}`;

  const LETTER = `[^${BREAK}${SPACE}${MARK}${UNSPACED}]`;
  const EMOJI = raw`[\u231a-\u27bf\u2b05-\u2b55\u{1f000}-\u{1faff}]`;

  // Everything that is cut off as one piece. A word may have an apostrophe or an underscore inside, a number a point.
  // Words have at most 999 parts: V8's stack for parts in a row is full after some millions.
  const pieces = new RegExp(
    [
      raw`\r\n|[${BREAK}${SPACE}]`,
      raw`[\u{1f1e6}-\u{1f1ff}]{2}`, // flags
      raw`${EMOJI}(?:[\ufe0f\u{1f3fb}-\u{1f3ff}\u{e0020}-\u{e007f}]|\u200d${EMOJI}){0,99}`,
      `[${UNSPACED}]+`,
      `(?:[0-9][.,:](?=[0-9])|${LETTER}['’_](?=${LETTER})|${LETTER}){1,999}`,
      raw`[${MARK}][\u0300-\u036f\u20d0-\u20ff\ufe0f]*`,
    ].join("|"),
    "gu",
  );
  const white = new RegExp(`^[${BREAK}${SPACE}]`);
  const unspaced = new RegExp(`^[${UNSPACED}]`, "u");
  // Letters of scripts without spaces, and their marks, which are as wide as letters.
  const tight = new RegExp(raw`^[${UNSPACED}${BREAK}${SPACE}\u200b\u3001-\u303f\u30a0\u30fb\uff01-\uff65]`, "u");
  return { pieces, white, unspaced, tight };
}

/**
 * Cuts a text into words, marks and white space.
 *
 * @param segmenter Cuts the runs of letters that have no spaces between words. Without it, each letter is a word.
 */
export function* cut(text: string, segmenter?: Intl.Segmenter): Iterable<string> {
  for (const [piece] of text.matchAll(RANGES.pieces)) {
    if (!isUnspaced(piece)) yield piece;
    else if (segmenter) { for (const { segment } of segmenter.segment(piece)) yield segment; }
    else yield* piece;
  }
}

/** Whether a piece consists of letters of scripts without spaces. */
export function isUnspaced(piece: string): boolean {
  return RANGES.unspaced.test(piece);
}

/** Whether a piece is white space. */
export function isWhite(piece: string): boolean {
  return RANGES.white.test(piece);
}

/** Whether the rule has a space before a token and behind it, if the neighbour's rule has one too. */
type Sides = readonly [before: boolean, after: boolean];
const WORD: Sides = [true, true];
const OPENING: Sides = [true, false];
const CLOSING: Sides = [false, true];
const NONE: Sides = [false, false];

/** All tokens that are not treated as words, by their characters. */
const SIDES = /* @__PURE__ */ sides();

function sides(): ReadonlyMap<string, Sides> {
  return new Map([
    ...Array.from("([{“‘«‹„‚¿¡$£€¥₹#@", (mark) => [mark, OPENING] as const),
    ...Array.from(",.;:!?)]}”’»›…%‰°′″،؛؟۔।॥", (mark) => [mark, CLOSING] as const),
    ...Array.from("-‐‑‒–—―/\\", (mark) => [mark, NONE] as const),
    ...[JOIN, "<pad>", "<bos>", "<eos>"].map((token) => [token, NONE] as const),
  ]);
}
/** Marks that open and close in turn. */
const PAIRED = "\"'*_`";

/** Follows the tokens of a text, and says where the rule has a space. */
export class Spacing {
  #after = false;
  #wasBreak = false;
  readonly #open = new Set<string>();

  /** Whether the rule has a space between the last token and this one. */
  before(token: string): boolean {
    return this.#after && this.#sides(token)[0];
  }

  /** Go on to the next token. An empty line closes all paired marks. */
  next(token: string): void {
    this.#after = this.#sides(token)[1];
    const isBreak = /^[\n\r]/.test(token);
    if (isBreak && this.#wasBreak) this.#open.clear();
    this.#wasBreak = isBreak;
    if (PAIRED.includes(token) && !this.#open.delete(token)) this.#open.add(token);
  }

  #sides(token: string): Sides {
    if (PAIRED.includes(token)) return this.#open.has(token) ? CLOSING : OPENING;
    return SIDES.get(token) ?? (RANGES.tight.test(token) ? NONE : WORD);
  }
}

/** The tokens of a text: its words and marks, its white space but for the spaces of the rule, and `<join>`. */
export function* splitWords(text: string, segmenter?: Intl.Segmenter): Iterable<string> {
  const spacing = new Spacing();
  let white: string[] = [];
  for (const piece of cut(text, segmenter)) {
    if (isWhite(piece)) {
      white.push(piece);
      continue;
    }
    const ruled = spacing.before(piece);
    const deviation = ruled && white.length === 0
      ? [JOIN]
      : ruled && white.length === 1 && white[0] === " "
      ? []
      : white;
    for (const token of [...deviation, piece]) {
      spacing.next(token);
      yield token;
    }
    white = [];
  }
  yield* white;
}
