/** A reader of tunes in ABC notation (abcnotation.com, standard 2.1), for the part of the notation that bars need. */

/** A tune of one metre and one key. */
export interface Tune {
  readonly title: string;
  /** `6/8`. */
  readonly metre: string;
  readonly key: string;
  /** Length of a note without a number, in whole notes. */
  readonly unit: number;
  /**
   * Pitches, lengths, bar lines and other signs, in order. A chord is its first note. Chord symbols, ornaments and line
   * breaks are left out.
   */
  readonly tokens: readonly string[];
}

const NOTE = /[_^=]*[A-Ga-gzx][,']*/;
const LENGTH = /\d*\/+\d*|\d+/;
const CHORDS = /\[[^\]\d|]*[A-Ga-g][^\]|]*\]/g;
const FIRST_NOTE = /[_^=]*[A-Ga-g][,']*[\d/]*/;
const BAR = /\|\]|\[\||[|:]+/;
const ENDING = /\[\d/;
const TUPLET = /\(\d/;
const OTHER = /[-<>]/;
const TOKEN = new RegExp([ENDING, TUPLET, NOTE, LENGTH, BAR, OTHER].map(({ source }) => source).join("|"), "g");

/** Reads the tunes of a collection, without the tunes whose metre or key changes. */
export function readTunes(text: string): Tune[] {
  return text.split(/^(?=X:)/m).flatMap((part) => {
    const fields = (name: string) =>
      [...part.matchAll(new RegExp(`^${name}:\\s*(.*?)\\s*$`, "gm"))].map(([, value]) => value);
    const [title = ""] = fields("T");
    const [unit] = fields("L");
    const metres = fields("M");
    const keys = fields("K");
    if (metres.length !== 1 || keys.length !== 1 || !/^\d+\/\d+$/.test(metres[0])) return [];
    const body = part.slice(part.search(/^K:/m)).replace(/^[A-Za-z]:.*$|%.*$/gm, "");
    const melody = body.replace(/"[^"]*"|\{[^}]*\}|![^!]*!/g, "").replace(
      CHORDS,
      (notes) => notes.match(FIRST_NOTE)![0],
    );
    const tokens = melody.replace(/([|:])(\d)/g, "$1[$2").match(TOKEN) ?? []; // |1 is short for |[1
    const length = unit ? value(unit) : value(metres[0]) < 0.75 ? 1 / 16 : 1 / 8;
    return tokens.length ? [{ title, metre: metres[0], key: keys[0], unit: length, tokens }] : [];
  });
}

/**
 * Counts the bars of a tune, and the bars whose length differs from the metre. The first and the last bar of a part
 * (between double bars, repeats, first and second endings) may be shorter, because of upbeats.
 */
export function countBars(
  { metre, unit, tokens }: Pick<Tune, "metre" | "unit" | "tokens">,
): { bars: number; wrong: number } {
  const full = value(metre) / unit;
  let bars = 0;
  let wrong = 0;
  for (const part of parts(tokens)) {
    const lengths = part.map(lengthOf);
    const last = lengths.length - 1;
    lengths.forEach((length, i) => {
      bars++;
      const fits = Math.abs(length - full) < 1e-6 || ((i === 0 || i === last) && length < full);
      if (!fits) wrong++;
    });
  }
  return { bars, wrong };
}

/** The bars of each part, without empty ones. */
function parts(tokens: readonly string[]): string[][][] {
  const found: string[][][] = [[[]]];
  for (const token of tokens) {
    const part = found[found.length - 1];
    if (isWhole(ENDING, token) || (isWhole(BAR, token) && token !== "|")) found.push([[]]);
    else if (token === "|") part.push([]);
    else part[part.length - 1].push(token);
  }
  return found.map((part) => part.filter((bar) => bar.length > 0)).filter((part) => part.length > 0);
}

/** The length of a bar in units. */
function lengthOf(bar: readonly string[]): number {
  let sum = 0;
  let tuplet = { notes: 0, factor: 1 };
  /** The factor of the note after a broken rhythm. */
  let broken = 1;
  for (let i = 0; i < bar.length; i++) {
    if (isWhole(TUPLET, bar[i])) {
      const notes = Number(bar[i][1]);
      const time = { 2: 3, 3: 2, 4: 3, 6: 2, 8: 3 }[notes] ?? 2;
      tuplet = { notes, factor: time / notes };
    }
    if (!isWhole(NOTE, bar[i])) continue;
    const length = isWhole(LENGTH, bar[i + 1] ?? "") ? value(bar[i + 1]) : 1;
    // a>b: a has 3/2 of its length, b has 1/2.
    const sign = bar.slice(i + 1).find((token) => !isWhole(LENGTH, token)) ?? "";
    const factor = sign === ">" ? 1.5 : sign === "<" ? 0.5 : 1;
    sum += length * factor * broken * (tuplet.notes-- > 0 ? tuplet.factor : 1);
    broken = 2 - factor;
  }
  return sum;
}

/** Whether the pattern matches the whole token. */
function isWhole(pattern: RegExp, token: string): boolean {
  return new RegExp(`^(?:${pattern.source})$`).test(token);
}

/** The number of a fraction such as 3, 3/2, /2, / or //. */
function value(fraction: string): number {
  const [numerator, ...denominators] = fraction.split("/");
  return Number(numerator || 1) / denominators.reduce((product, part) => product * Number(part || 2), 1);
}
