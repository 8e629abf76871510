import { FormatError } from "../../errors.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** The longest name of a module or a class. */
const NAME = 200;

/** The bytes of a pickle, read from front to back. */
export class Bytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** The error for a fault at this place. */
  broken(reason: string): FormatError {
    return new FormatError(`Cannot read the file of PyTorch at byte ${this.#at} of its pickle: ${reason}`);
  }

  take(length: number): Uint8Array {
    if (!(length <= this.#bytes.length - this.#at)) throw this.broken("it is cut off");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A number of 1, 2, 4 or 8 bytes. */
  unsigned(size: 1 | 2 | 4 | 8): number {
    return this.take(size).reduceRight((sum, byte) => sum * 256 + byte, 0);
  }

  double(): number {
    this.take(8);
    return this.#view.getFloat64(this.#at - 8);
  }

  /** An integer of any length, as a number; the nearest one beyond 2^53. */
  long(): number {
    const bytes = this.take(this.unsigned(1)), { length } = bytes;
    const sum = bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
    return Number(BigInt.asIntN(8 * length, sum));
  }

  /** A text behind its length, a number of `size` bytes. */
  text(size: 1 | 4 | 8): string {
    const bytes = this.take(this.unsigned(size));
    try {
      return UTF8.decode(bytes);
    } catch {
      throw this.broken("a text is not UTF-8");
    }
  }

  /** The text up to the end of the line. */
  line(): string {
    const length = this.#bytes.subarray(this.#at, this.#at + NAME).indexOf(10);
    if (length < 0) throw this.broken("a name has no end");
    return new TextDecoder().decode(this.take(length + 1).subarray(0, -1));
  }
}
