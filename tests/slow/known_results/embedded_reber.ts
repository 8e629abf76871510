import type { Generator } from "../../../mod.ts";

const NAMES = "BTPSXVE";
/** Number of symbols. */
export const SYMBOLS = NAMES.length;

/** Reber's automaton behind its B: of each state the symbols that may come, and the states that they lead to. */
const EDGES: Readonly<Record<string, number>>[] = [
  { T: 1, P: 2 },
  { S: 1, X: 3 },
  { T: 2, V: 4 },
  { X: 2, S: 5 },
  { P: 3, V: 5 },
  { E: 6 },
];
const END = 6;

/** A string, and the symbols that may come behind each of its symbols but the last one. */
export interface ReberString {
  readonly symbols: readonly number[];
  readonly legal: readonly (readonly number[])[];
}

/**
 * A string of the embedded Reber grammar (Smith & Zipser 1989; Hochreiter & Schmidhuber 1997): B, T or P, a string of
 * Reber's grammar (Reber 1967), which begins with B and ends with E, the same T or P again, E. Where two symbols may
 * come, each is equally likely.
 */
export function embeddedReber(random: Generator): ReberString {
  const frame = "TP"[random.integer(2)], text = ["B", frame, "B"], legal = [["T", "P"], ["B"]];
  for (let state = 0; state !== END; state = EDGES[state][text.at(-1)!]) {
    const choices = Object.keys(EDGES[state]);
    legal.push(choices);
    text.push(choices[random.integer(choices.length)]);
  }
  legal.push([frame], ["E"]);
  text.push(frame, "E");
  const numbers = (names: readonly string[]) => names.map((name) => NAMES.indexOf(name));
  return { symbols: numbers(text), legal: legal.map(numbers) };
}
