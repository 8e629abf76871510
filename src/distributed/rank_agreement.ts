/** Whether the reports of all ranks agree, and which ranks differ. */
import { MpiError } from "./mpi_error.ts";
import { CALL, type RankReport } from "./rank_report.ts";

/**
 * Check that all ranks make the same call, and have the same batches and parameters.
 *
 * @param reports The report of each rank.
 * @param updates The number of updates so far, for the message.
 * @throws {MpiError} When a rank differs from rank 0. The message names the ranks.
 */
export function requireAgreement(reports: readonly RankReport[], updates: number): void {
  const [first] = reports;
  const differing = (field: keyof RankReport) => ranksWhere(reports, (report) => report[field] !== first[field]);
  if (differing("call").length || differing("argument").length) {
    const ranksByCall = Map.groupBy(reports.keys(), (rank) => describeCall(reports[rank]));
    const calls = Array.from(ranksByCall, ([call, ranks]) => {
      return `${listRanks(ranks)} ${ranks.length === 1 ? "is" : "are"} ${call}`;
    });
    throw new MpiError(
      `Cannot continue after update ${updates}: ${calls.join(", ")}; ` +
        "all ranks must have the same data and options, and make the same calls",
    );
  }
  const otherBatch = differing("batchDigest");
  if (otherBatch.length) {
    throw new MpiError(
      `Cannot make update ${updates + 1}: the batch of ${listRanks(otherBatch)} is not that of rank 0; ` +
        "every rank must be given all rows of the same batches",
    );
  }
  const otherParameters = differing("parametersDigest");
  if (otherParameters.length) {
    throw new MpiError(
      `Cannot continue after update ${updates}: the parameters of ${listRanks(otherParameters)} are not those of ` +
        'rank 0; machines that round differently need numerics: "exact"',
    );
  }
}

/** The ranks whose report fulfils a condition. */
export function ranksWhere(reports: readonly RankReport[], condition: (report: RankReport) => boolean): number[] {
  return reports.flatMap((report, rank) => condition(report) ? [rank] : []);
}

/** Ranks as text: `rank 1`, `ranks 1, 2 and 5`. */
export function listRanks(ranks: readonly number[]): string {
  if (ranks.length === 1) return `rank ${ranks[0]}`;
  return `ranks ${ranks.slice(0, -1).join(", ")} and ${ranks[ranks.length - 1]}`;
}

/** What a rank is doing, as a predicate after "is". */
function describeCall({ call, argument }: RankReport): string {
  switch (call) {
    case CALL.begin:
      return "at the beginning of a training";
    case CALL.allReduce:
      return `at update ${argument}`;
    case CALL.agree:
      return "at an evaluation, or at the end of an epoch or of the training";
    case CALL.gather:
      return "reading the carried states of the training";
    case CALL.sum:
      return `at a sum of ${argument} numbers`;
    case CALL.broadcast:
      return "at a broadcast";
    default:
      return "disposing its world, after its training loop";
  }
}
