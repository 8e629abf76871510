/**
 * The reports that ranks exchange before everything they do together. All reports have one form and one size. So ranks
 * that make different calls (one rank has no more data, has failed, or is done) still complete the exchange, and each
 * rank learns what the others do instead of waiting for them for ever.
 */

/** The calls that ranks make together. */
export const CALL = {
  begin: 1,
  allReduce: 2,
  agree: 3,
  gather: 4,
  broadcast: 5,
  dispose: 6,
  fail: 7,
  sum: 8,
} as const;

/** A rank's report. Numbers, so that a report is eight doubles. */
export interface RankReport {
  /** The call that the rank makes: one of `CALL`, or 0 in an exchange that belongs to a call already reported. */
  readonly call: number;
  /** What must be the same on all ranks: the number of the update, a digest, or a number of elements. */
  readonly argument: number;
  /** The digest of the batches since the last update, which must be the same on all ranks; 0: not compared. */
  readonly batchDigest: number;
  /** The digest of the parameters, which must be the same on all ranks; 0: not compared. */
  readonly parametersDigest: number;
  /** What the ranks exchange: a digest of the training, a sum of losses, a monitored value, or a number of bytes. */
  readonly value: number;
  /** The weight of the targets of `allReduce`. */
  readonly count: number;
  /** 1: the loss of the rank is not finite. */
  readonly nonFinite: number;
  /** 1: the time limit of the training has passed on the rank. */
  readonly timeUp: number;
}

const NO_REPORT: RankReport = {
  call: 0,
  argument: 0,
  batchDigest: 0,
  parametersDigest: 0,
  value: 0,
  count: 0,
  nonFinite: 0,
  timeUp: 0,
};
const FIELDS = Object.keys(NO_REPORT) as (keyof RankReport)[];

/** A report as bytes. Fields that are not given are 0. */
export function encodeReport(fields: Partial<RankReport>): Uint8Array<ArrayBuffer> {
  const report = { ...NO_REPORT, ...fields };
  return new Uint8Array(Float64Array.from(FIELDS, (field) => report[field]).buffer);
}

/** The reports of all ranks, whose bytes are concatenated in the order of ranks. */
export function decodeReports(bytes: Uint8Array<ArrayBuffer>): RankReport[] {
  const numbers = new Float64Array(bytes.buffer);
  const n = FIELDS.length;
  return Array.from({ length: numbers.length / n }, (_, rank) => {
    const entries = FIELDS.map((field, i) => [field, numbers[rank * n + i]] as const);
    return Object.fromEntries(entries) as unknown as RankReport;
  });
}
