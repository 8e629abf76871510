import type { Communicator } from "./communicator.ts";
import { MpiError } from "./mpi_error.ts";
import { listRanks, ranksWhere, requireAgreement } from "./rank_agreement.ts";
import { CALL, decodeReports, encodeReport, type RankReport } from "./rank_report.ts";

/** The most characters of an error message that a failed rank sends. */
const MAX_REASON = 2000;

/**
 * Checks, before each call that ranks make together, that all of them make this call on the same data. After the first
 * disagreement or failure the check is closed, and every exchange throws the same error.
 */
export class RankCheck {
  /** Updates so far, for error messages. */
  updates = 0;
  readonly #communicator: Communicator;
  /** Why the ranks make no more calls together. */
  #closedBy: MpiError | undefined;

  constructor(communicator: Communicator) {
    this.#communicator = communicator;
  }

  /** Whether the ranks make no more calls together. */
  get isClosed(): boolean {
    return this.#closedBy !== undefined;
  }

  /**
   * Exchange reports before a call.
   *
   * @param report What this rank reports. Fields that are not given are 0.
   * @returns The reports of all ranks, in the order of ranks.
   * @throws {MpiError} When a rank has failed, makes another call, or has other batches or parameters. After `close`.
   */
  exchange(report: Partial<RankReport>): RankReport[] {
    if (this.#closedBy) throw this.#closedBy;
    const reports = this.#allGather(report);
    const failed = ranksWhere(reports, ({ call }) => call === CALL.fail);
    if (failed.length) {
      const [first] = failed;
      const reasons = this.allGatherTexts(""); // Failed ranks call it with the reason.
      const others = failed.length > 1 ? ` (${listRanks(failed)} have failed)` : "";
      throw this.close(new MpiError(`Rank ${first} has failed: ${reasons[first]}${others}`));
    }
    try {
      requireAgreement(reports, this.updates);
    } catch (error) {
      throw this.close(error as MpiError);
    }
    return reports;
  }

  /** The texts of all ranks, of any lengths, in the order of ranks. */
  allGatherTexts(text: string): string[] {
    const { rank: own } = this.#communicator;
    const ownBytes = new TextEncoder().encode(text);
    return this.#allGather({ value: ownBytes.length }).map(({ value: length }, rank) => {
      const bytes = rank === own ? ownBytes : new Uint8Array(length);
      this.#communicator.broadcast(bytes, rank);
      return new TextDecoder().decode(bytes);
    });
  }

  /** Report that this rank has failed. The other ranks throw an error with the reason from their `exchange`. */
  fail(error: unknown): void {
    if (this.#closedBy) return;
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.#allGather({ call: CALL.fail });
    this.allGatherTexts(reason.slice(0, MAX_REASON));
    this.close(new MpiError(`Rank ${this.#communicator.rank} has failed: ${reason}`));
  }

  /** Make every further `exchange` throw `reason`. Returns `reason`. */
  close(reason: MpiError): MpiError {
    return this.#closedBy = reason;
  }

  #allGather(report: Partial<RankReport>): RankReport[] {
    return decodeReports(this.#communicator.allGather(encodeReport(report)));
  }
}
