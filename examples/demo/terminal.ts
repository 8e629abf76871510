import { stdout } from "node:process";

/** Whether a person looks at the output as it comes. */
export const isTerminal = stdout.isTTY === true;

/** Width of the terminal now; some do not know theirs. */
export function columns(): number {
  return stdout.columns || 80;
}

/** Write to standard output. */
export function print(text: string): void {
  stdout.write(text);
}
