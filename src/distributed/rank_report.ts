/**
 * What ranks say to each other before anything that all of them must do together. All that they say has one form and
 * one size, so ranks that are at different places (one has no more data, one has failed, one is through) meet all the
 * same, and instead of waiting for each other for ever each learns who does what.
 */
import { MpiError } from "./mpi_error.ts";

/** Where a rank is. */
export const CALL = { begin: 1, step: 2, agree: 3, gather: 4, broadcast: 5, leave: 6, failed: 7, sum: 8 } as const;

/** What a rank says. */
export interface RankReport {
  readonly place: number;
  /** The number of the update, or a digest of what is agreed on. */
  readonly at: number;
  /** Digest of the data, which must be the same on all ranks; 0: nothing is said of it. */
  readonly data: number;
  /** Digest of the parameters, which must be the same; 0: nothing is said of them. */
  readonly parameters: number;
  /** Numbers. */
  readonly a: number;
  readonly b: number;
  /** Bits. */
  readonly flags: number;
}

const FIELDS = ["place", "at", "data", "parameters", "a", "b", "flags"] as const;

/** A word as bytes. */
export function encode(word: RankReport): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Float64Array.from(FIELDS, (field) => word[field]).buffer);
}

/** The words of all ranks. */
export function decode(bytes: Uint8Array<ArrayBuffer>): RankReport[] {
  const numbers = new Float64Array(bytes.buffer), n = FIELDS.length;
  return Array.from({ length: numbers.length / n }, (_, rank) => {
    const entries = FIELDS.map((field, i) => [field, numbers[rank * n + i]] as const);
    return Object.fromEntries(entries) as unknown as RankReport;
  });
}

/**
 * Nothing, when all ranks are at one place with the same data and parameters.
 *
 * @throws {MpiError} Otherwise; it names ranks. `updates` is how many there were.
 */
export function requireAgreement(words: readonly RankReport[], updates: number): void {
  const [first] = words, others = (differs: (word: RankReport) => boolean) => ranksWhere(words, differs);
  if (words.some(({ place: place, at }) => place !== first.place || at !== first.at)) {
    const groups = [...Map.groupBy(words.keys(), (rank) => describe(words[rank]))];
    const said = groups.map(([what, ranks]) => `${listed(ranks)} ${ranks.length === 1 ? "is" : "are"} ${what}`);
    throw new MpiError(
      `Cannot go on together after update ${updates}: ${said.join(", ")}; ` +
        "all ranks must have the same data and options, and make the same calls",
    );
  }
  const data = others((word) => word.data !== first.data);
  if (data.length) {
    throw new MpiError(
      `Cannot make update ${updates + 1}: the batch of ${listed(data)} is not that of rank 0; ` +
        "every rank must be given all rows of the same batches, of which it takes its own",
    );
  }
  const parameters = others((word) => word.parameters !== first.parameters);
  if (parameters.length) {
    throw new MpiError(
      `Cannot go on after update ${updates}: the parameters of ${listed(parameters)} are not those of rank 0; ` +
        'machines that round differently need numerics: "exact"',
    );
  }
}

/** The ranks of which something holds. */
export function ranksWhere(words: readonly RankReport[], holds: (word: RankReport) => boolean): number[] {
  return words.flatMap((word, rank) => holds(word) ? [rank] : []);
}

/** `rank 1`, `ranks 1, 2 and 5`. */
export function listed(ranks: readonly number[]): string {
  if (ranks.length === 1) return `rank ${ranks[0]}`;
  return `ranks ${ranks.slice(0, -1).join(", ")} and ${ranks[ranks.length - 1]}`;
}

function describe({ place: place, at }: RankReport): string {
  switch (place) {
    case CALL.begin:
      return "at the beginning of a training";
    case CALL.step:
      return `at update ${at}`;
    case CALL.agree:
      return "at an evaluation, or at the end of an epoch or of the training";
    case CALL.gather:
      return "reading the carried states of the training";
    case CALL.sum:
      return `at a sum of ${at} numbers`;
    case CALL.broadcast:
      return "at a broadcast";
    default:
      return "leaving, its loop over";
  }
}
