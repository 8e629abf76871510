import { FormatError } from "../errors.ts";
import { type Check, nonNegative, readOptions, type Table } from "../options.ts";

/** How much a reader of files takes at most, so that a small hostile file cannot stop the program. */
export interface ReadLimits {
  /**
   * Bytes of memory for all that the reader makes of the file, and for its work: 8 bytes an element that it visits.
   *
   * @default 64 MiB, and 128 times the file
   */
  bytes?: number;
}

const LIMITS = { bytes: [nonNegative] } satisfies Table<ReadLimits>;

/** The check of the option "limits". */
export const limits: Check<ReadLimits> = (name, value) => readOptions(`"${name}"`, LIMITS, value);

/** The bytes that a reader may still take. */
export class Budget {
  readonly #what: string;
  readonly #limit: number;
  #left: number;

  /**
   * @param what What cannot be read, in the error.
   * @param length The length of the file in bytes.
   * @param limits As the option `limits` was read.
   */
  constructor(what: string, length: number, { bytes = 2 ** 26 + 128 * length }: ReadLimits = {}) {
    this.#what = what;
    this.#limit = this.#left = bytes;
  }

  /**
   * Takes so many bytes.
   *
   * @throws {FormatError} When they are more than are left.
   */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    throw new FormatError(
      `Cannot read ${this.#what}: it needs more than ${this.#limit} bytes, which is much for a file of its length; ` +
        `raise "limits.bytes" if you trust it`,
    );
  }
}
