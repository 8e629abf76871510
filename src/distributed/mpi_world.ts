import { OptionError } from "../errors.ts";
import type { States } from "../runtime/packed_batch.ts";
import type { Session } from "../session/session.ts";
import { trainingAccess } from "../session/training_access.ts";
import type { World, WorldOptions } from "../trainer/options.ts";
import type { TrainerState } from "../trainer/state.ts";
import type { Arrays } from "../ops/value.ts";
import type { Batch } from "../training/data/batch.ts";
import type { Communicator } from "./communicator.ts";
import { digest, sampleDigest, textDigest } from "./digest.ts";
import { MpiError } from "./mpi_error.ts";
import { joinStates, range, rankBatch } from "./rank_batch.ts";
import { RankCheck } from "./rank_check.ts";
import { CALL } from "./rank_report.ts";
import { describeTraining, mismatchError } from "./training_description.ts";

/** Updates between two comparisons of the parameters: the hash of a million parameters takes 3 ms. */
const COMPARISON_INTERVAL = 100;

/**
 * The processes that an `mpirun` has started, or this process alone. `init` makes the world; `fit` takes it as option
 * `world`. Calls block the thread until all ranks have made them, so the timers and signals of a waiting rank wait too.
 */
export class MpiWorld implements World, Disposable {
  /** The number of this process, from 0. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /** The name and version of the MPI library. */
  readonly library: string;
  readonly #communicator: Communicator;
  readonly #check: RankCheck;
  /** The digest of the batches since the last update; 0 when there are none. */
  #batchDigest = 0;
  /** Rows of the last batch, on all ranks together. */
  #batchRows = 0;

  /** `init` makes worlds. */
  constructor(communicator: Communicator, library: string) {
    this.#communicator = communicator;
    this.#check = new RankCheck(communicator);
    this.rank = communicator.rank;
    this.size = communicator.size;
    this.library = library;
  }

  /**
   * Begin a training: check that the ranks agree on net and options, then take over the parameters and moments of rank
   * 0. See `World`.
   *
   * @throws {MpiError} When ranks differ. The message has the first difference of each rank from rank 0.
   */
  begin(session: Session, options: WorldOptions = {}, state?: TrainerState): void {
    const access = trainingAccess(session);
    const { tensors: _, ...counts } = session.trainingState();
    const text = JSON.stringify({ ...describeTraining(access, options), counts, state });
    const reports = this.#check.exchange({ call: CALL.begin, value: textDigest(text) });
    if (reports.some(({ value }) => value !== reports[0].value)) {
      const trainings = this.#check.allGatherTexts(text).map((text) => JSON.parse(text));
      throw this.#check.close(mismatchError(trainings));
    }
    this.#batchDigest = 0;
    this.#batchRows = 0;
    this.#check.updates = counts.updates + counts.skipped;
    for (const numbers of access.trained()) this.#communicator.broadcast(numbers, 0);
    access.refresh();
  }

  /** Accumulate the gradients of the rows rank, rank + size, rank + 2 size, ... of the batch. See `World`. */
  accumulate(
    session: Session,
    batch: Batch<Arrays>,
    states: States | "zero" = "zero",
  ): { loss: number; count: number } {
    const B = batch.batch ?? batch.lengths?.length ?? session.batch;
    for (const x of session.layout.net?.input.named ? Object.values(batch.x) : [batch.x as ArrayLike<number>]) {
      this.#batchDigest = Math.imul(this.#batchDigest, 31) ^ sampleDigest(x) ^ B;
    }
    this.#batchRows = B;
    const { batch: own, shard, takeStates } = rankBatch(batch, session.layout, B, this.rank, this.size);
    const { lengths, decoderInput } = own;
    const ownStates = states !== "zero" && stateRows(session, states) === B ? takeStates(states) : states;
    return session.accumulate(own, { batch: own.batch, lengths, decoderInput, states: ownStates, shard });
  }

  /**
   * Sum gradients and losses over all ranks, by one MPI_Allreduce on the gradients in the memory of the session. Losses
   * are summed in the order of ranks, in double precision. See `World`.
   *
   * @throws {OptionError} When no target of any rank counts and the loss is a mean.
   */
  allReduce(
    session: Session,
    total: { sum: number; count: number } = { sum: 0, count: 0 },
    isTimeUp = false,
  ): boolean {
    const access = trainingAccess(session);
    const { step, count, isNonFinite } = access.accumulated();
    const reports = this.#check.exchange({
      call: CALL.allReduce,
      argument: step,
      batchDigest: this.#batchDigest,
      parametersDigest: step % COMPARISON_INTERVAL === 0 ? digest(access.parameters()) : 0,
      value: total.sum,
      count,
      nonFinite: Number(isNonFinite),
      timeUp: Number(isTimeUp),
    });
    const isEmpty = this.#batchDigest !== 0 && reports.every(({ count }) => count === 0);
    this.#batchDigest = 0;
    this.#check.updates = step;
    total.sum = reports.reduce((sum, { value }) => sum + value, 0);
    total.count = reports.reduce((sum, { count }) => sum + count, 0);
    if (isEmpty && session.layout.reduction === "mean") {
      throw new OptionError("Cannot make an update: no target of the batch counts, on any rank");
    }
    const isAnyNonFinite = reports.some(({ nonFinite }) => nonFinite === 1);
    access.combine(
      { count: total.count, isNonFinite: isAnyNonFinite },
      (gradients) => this.#communicator.allReduce(gradients),
    );
    return reports[0].timeUp === 1;
  }

  /** The value of rank 0. See `World`. */
  agree(session: Session, place: string, step: number, value: number): number {
    const parametersDigest = digest(trainingAccess(session).parameters());
    const argument = textDigest(`${place} ${step}`);
    const [first] = this.#check.exchange({ call: CALL.agree, argument, value, parametersDigest });
    return first.value;
  }

  /** The states of all rows, from those of each rank's rows. See `World`. */
  gather(session: Session, states: States): States {
    this.#check.exchange({ call: CALL.gather });
    const B = this.#batchRows;
    if (!B || stateRows(session, states) === B) return states;
    const ranksWithRows = range(0, Math.min(this.size, B), 1);
    const shards = ranksWithRows.map((rank) => this.#broadcastStates(session, states, rank, B));
    return joinStates(shards, B, this.size);
  }

  /**
   * The sum over all ranks, element by element, in place: MPI_Allreduce. All ranks must make this call, with the same
   * number of elements.
   */
  sum(numbers: Float32Array): void {
    this.#check.exchange({ call: CALL.sum, argument: numbers.length });
    this.#communicator.allReduce(numbers);
  }

  /**
   * The bytes of rank 0, such as a checkpoint that only the disk of rank 0 has. All ranks must make this call.
   *
   * @param bytes The bytes on rank 0. The bytes of other ranks are ignored.
   * @returns A copy of the bytes of rank 0, on every rank.
   */
  broadcast(bytes: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> {
    const [{ value: length }] = this.#check.exchange({ call: CALL.broadcast, value: bytes.length });
    const copy = new Uint8Array(length);
    if (this.rank === 0) copy.set(bytes);
    this.#communicator.broadcast(copy, 0);
    return copy;
  }

  /** Report that this rank has failed. The other ranks throw an `MpiError` with this rank and the message. */
  fail(error: unknown): void {
    this.#check.fail(error);
  }

  /**
   * MPI_Finalize, when all ranks dispose their world. When other ranks make another call, this rank has probably
   * failed: the disagreement is printed, the exit code of the process becomes 1, and the launcher ends the other ranks.
   */
  dispose(): void {
    if (this.isClosed) return;
    try {
      this.#check.exchange({ call: CALL.dispose });
      this.#communicator.finalize();
      this.#check.close(new MpiError("Cannot use this world: it was disposed"));
    } catch (error) {
      console.error(`rank ${this.rank} of ${this.size}: ${(error as Error).message}`);
      Deno.exitCode = 1;
    }
  }

  /** See `dispose`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Whether the world makes no more calls: it was disposed, a rank has failed, or ranks have differed. */
  get isClosed(): boolean {
    return this.#check.isClosed;
  }

  /** The states of the rows of one rank, on all ranks. */
  #broadcastStates(session: Session, states: States, rank: number, B: number): States {
    const rows = range(rank, B, this.size).length;
    return Object.fromEntries(
      trainingAccess(session).states.map(({ name, width }) => {
        const data = rank === this.rank ? states[name].slice() : new Float32Array(rows * width);
        this.#communicator.broadcast(data, rank);
        return [name, data];
      }),
    );
  }
}

/** The number of rows of states; 0 when the net has no states. */
function stateRows(session: Session, states: States): number {
  const [first] = trainingAccess(session).states;
  return first ? states[first.name].length / first.width : 0;
}
