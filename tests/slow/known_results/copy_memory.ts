import type { Generator, Initialiser } from "../../../mod.ts";

/** Symbols: 8 that are data, then "blank" and "now". */
export const SYMBOLS = 10;
const DATA = 8, BLANK = 8, NOW = 9, LENGTH = 10;

/** Steps of a sequence whose data is to be kept for T steps. */
export function copySteps(T: number): number {
  return T + 2 * LENGTH;
}

/** The loss of one who answers with blanks, then draws the data: 10 ln 8 nats over T + 20 steps; 0.1733 for T = 100. */
export function memoryless(T: number): number {
  return LENGTH * Math.log(DATA) / copySteps(T);
}

/**
 * The copy memory problem (Hochreiter & Schmidhuber 1997) as Arjovsky, Shah & Bengio (2016) state it. x: 10 symbols of
 * data, T - 1 blanks, "now", 10 blanks; y: T + 10 blanks, then the data. Both `[T + 20, B]`, time-major.
 */
export function copyMemory(random: Generator, T: number, B: number): { x: Int32Array; y: Int32Array } {
  const steps = copySteps(T), x = new Int32Array(steps * B).fill(BLANK), y = x.slice();
  for (let b = 0; b < B; b++) {
    for (let i = 0; i < LENGTH; i++) x[i * B + b] = y[(T + LENGTH + i) * B + b] = random.integer(DATA);
    x[(T + LENGTH - 1) * B + b] = NOW;
  }
  return { x, y };
}

/**
 * Biases of a GRU that make its units remember for 1 to T steps ("chrono initialisation", Tallec & Ollivier 2018):
 * those of the update gate, the second of three, are log u, u uniform from 1 to T - 1; the others zero.
 */
export function chrono(random: Generator, T: number): Initialiser {
  return (_, { value, shape: [rows], write }) => {
    const H = rows / 3, biases = new Float64Array(rows);
    for (let i = H; i < 2 * H; i++) biases[i] = Math.log(1 + random.uniform() * (T - 2));
    write(value, biases);
  };
}
