import { FormatError } from "../../errors.ts";
import type { Budget } from "../../formats/limits.ts";

/**
 * The bytes of an HDF5 file, little-endian. Each read is within the file, or a `FormatError`; whoever visits a
 * structure pays for its bytes from the budget, so that structures that overlap cannot take long.
 */
export class Hdf5Bytes {
  readonly budget: Budget;
  readonly #what: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  /** @param what The name of the file in errors. */
  constructor(what: string, bytes: Uint8Array, budget: Budget) {
    this.#what = what;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.budget = budget;
  }

  u8(at: number): number {
    return this.#view.getUint8(this.#within(at, 1));
  }

  u16(at: number): number {
    return this.#view.getUint16(this.#within(at, 2), true);
  }

  u32(at: number): number {
    return this.#view.getUint32(this.#within(at, 4), true);
  }

  /** An address or a length. Beyond 2^53 the number is rounded; no file is as long. */
  u64(at: number): number {
    return this.u32(at) + 2 ** 32 * this.u32(at + 4);
  }

  /** An integer of 1, 2, 4 or 8 bytes. */
  unsigned(at: number, size: number): number {
    return size === 1 ? this.u8(at) : size === 2 ? this.u16(at) : size === 4 ? this.u32(at) : this.u64(at);
  }

  /** An address; undefined for the one that means nothing is there. */
  address(at: number): number | undefined {
    return this.u32(at) === 0xffffffff && this.u32(at + 4) === 0xffffffff ? undefined : this.u64(at);
  }

  /** A view of bytes that are paid for. */
  take(at: number, length: number): Uint8Array {
    this.#within(at, length);
    this.budget.spend(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Text of a length, without the zeros at its end. */
  text(at: number, length: number): string {
    return new TextDecoder().decode(this.take(at, length)).replace(/\0+$/, "");
  }

  /** Text that ends with a zero byte. */
  textUntilZero(at: number): string {
    const end = this.#bytes.indexOf(0, this.#within(at, 1));
    return this.text(at, (end < 0 ? this.#bytes.length : end) - at);
  }

  /** Requires the four characters that begin a structure. */
  requireSignature(at: number, signature: string): void {
    if (![...signature].every((character, i) => this.u8(at + i) === character.charCodeAt(0))) {
      throw this.broken(at, `there must be "${signature}"`);
    }
  }

  /** The error for a structure that makes no sense. */
  broken(at: number, reason: string): FormatError {
    return new FormatError(`Cannot read ${this.#what}: the HDF5 is broken at byte ${at}: ${reason}`, at);
  }

  /** The error for a part that the reader does not know. */
  unsupported(what: string): FormatError {
    return new FormatError(`Cannot read ${this.#what}: ${what} is not supported`);
  }

  #within(at: number, length: number): number {
    if (at + length <= this.#bytes.length) return at;
    throw this.broken(Math.min(at, this.#bytes.length), "the file ends");
  }
}

/** Bytes of memory for a small object. Its structure in a file can have fewer, and several objects can share it. */
export const OBJECT = 64;

/** Rounds up to a multiple of 8. */
export function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}
