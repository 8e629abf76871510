/**
 * The errors of the library. A message is one sentence: what could not be done, which argument, what was expected,
 * what came.
 */

/** An array, or a list of arrays, does not have the shape or the element type that the call needs. */
export class ShapeError extends TypeError {
  /** The name of the class. */
  override readonly name = "ShapeError";
}

/** An option or argument has a value outside its range. */
export class OptionError extends RangeError {
  /** The name of the class. */
  override readonly name = "OptionError";
}

/** A NaN or an infinity came up where only finite numbers make sense: a loss, a gradient norm. */
export class NonFiniteError extends Error {
  /** The name of the class. */
  override readonly name = "NonFiniteError";
  /** The update that could not be made, from 1; undefined outside of training. */
  readonly step?: number;
  /** The first layer with such a number, by its name in the net; undefined when none has one, or the net has no names. */
  readonly layer?: string;
  /** The first tensor with such a number: `x`, a parameter, a state, a layer's output, `loss`, or a gradient. */
  readonly tensor?: string;

  /** `message` says what came up; `origin` where it did. */
  constructor(message: string, origin: { step?: number; layer?: string; tensor?: string } = {}) {
    super(message);
    this.step = origin.step;
    this.layer = origin.layer;
    this.tensor = origin.tensor;
  }
}

/** A file, or the content of one, cannot be read. */
export class FormatError extends SyntaxError {
  /** The name of the class. */
  override readonly name = "FormatError";
  /** Where reading failed, in bytes from the start of the file; undefined when no one place is to blame. */
  readonly offset?: number;

  /** `message` says what is wrong; `offset` where, in bytes from the start of the file. */
  constructor(message: string, offset?: number) {
    super(message);
    this.offset = offset;
  }
}

/** A file cannot be written. */
export class FileError extends Error {
  /** The name of the class. */
  override readonly name = "FileError";

  /** `message` says which file and why; `cause` is what the system said. */
  constructor(message: string, cause?: Error) {
    super(message, { cause });
  }
}

/** Something was used after it was disposed. */
export class DisposedError extends Error {
  /** The name of the class. */
  override readonly name = "DisposedError";
}

/** A thread of a session has failed, has not answered in time, or could not be started. */
export class ThreadError extends Error {
  /** The name of the class. */
  override readonly name = "ThreadError";
}

/** The memory that a net, a batch and a number of steps need is more than one WebAssembly memory holds, or there is. */
export class PlanError extends RangeError {
  /** The name of the class. */
  override readonly name = "PlanError";
  /** Bytes needed. */
  readonly bytes: number;
  /** The most that one memory holds, in bytes. */
  readonly limit: number;

  /** `message` says what cannot be planned; `need` and `limit` are in bytes. */
  constructor(message: string, { bytes, limit }: { bytes: number; limit: number }) {
    super(message);
    this.bytes = bytes;
    this.limit = limit;
  }
}

/**
 * `value`, when it is an integer from `low` to `high` (default: the largest safe integer).
 *
 * @param what The name under which the caller knows the value.
 * @throws {OptionError} Otherwise: `"hidden" must be an integer >= 1, got 0`.
 */
export function requireInteger(
  what: string,
  value: unknown,
  low: number,
  high: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high) return value as number;
  const range = high === Number.MAX_SAFE_INTEGER ? `>= ${low}` : `from ${low} to ${high}`;
  throw new OptionError(`"${what}" must be an integer ${range}, got ${shown(value)}`);
}

/**
 * `value`, when it is a number from 0 to below 1: a share, a probability of dropping.
 *
 * @throws {OptionError} Otherwise.
 */
export function requireRate(what: string, value: number): number {
  if (value >= 0 && value < 1) return value;
  throw new OptionError(`"${what}" must be a number >= 0 and < 1, got ${shown(value)}`);
}

/**
 * `value`, when it is a finite number, at least `low`.
 *
 * @throws {OptionError} Otherwise.
 */
export function requireNumber(what: string, value: number, low = -Infinity): number {
  if (Number.isFinite(value) && value >= low) return value;
  throw new OptionError(`"${what}" must be a finite number${low > -Infinity ? ` >= ${low}` : ""}, got ${shown(value)}`);
}

/**
 * `value`, when it is one of the choices.
 *
 * @throws {OptionError} Otherwise.
 */
export function requireOneOf<A extends string>(what: string, value: A, choices: readonly A[]): A {
  if (choices.includes(value)) return value;
  const names = choices.map((choice) => JSON.stringify(choice)).join(", ");
  throw new OptionError(`"${what}" must be one of ${names}, got ${shown(value)}`);
}

/**
 * Nothing, when element `index` of `what` is an integer from 0 to below `limit`: a token, a class.
 *
 * @throws {OptionError} Otherwise.
 */
export function requireBelow(what: string, value: number, index: number, limit: number): void {
  if (Number.isInteger(value) && value >= 0 && value < limit) return;
  throw new OptionError(
    `Every element of "${what}" must be an integer from 0 to ${limit - 1}, got ${value} at ${index}`,
  );
}

/** A value as an error message shows it: short, and never failing itself. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? value.slice(0, 40) + "…" : value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "function") return "a function";
  return Object.is(value, -0) ? "-0" : String(value);
}
