import { OptionError } from "../errors.ts";
import type { States } from "../runtime/packed_batch.ts";
import type { Session } from "../session/session.ts";
import type { TrainerState } from "../trainer/state.ts";
import type { World, WorldOptions } from "../trainer/options.ts";
import type { Batch } from "../training/data/batch.ts";
import type { Communicator } from "./communicator.ts";
import { compareTrainings } from "./compare.ts";
import { digest, sampleDigest, textDigest } from "./digest.ts";
import { CALL, decode, encode, listed, type RankReport, ranksWhere, requireAgreement } from "./rank_report.ts";
import { MpiError } from "./mpi_error.ts";
import { joinStates, range, rowsOfRank } from "./rows_of_rank.ts";
import { describeTraining } from "./training_description.ts";

/** Updates from one comparison of the parameters to the next: a million of them take 3 ms to hash. */
const COMPARED = 100;
const NON_FINITE = 1, LATE = 2;
/** The most bytes of what a rank that fails says. */
const REASON = 2000;

/**
 * The processes that an `mpirun` has started, or this one alone: made by `init`, given to `fit` as `world`. Calls block
 * the thread until all ranks have made them; so while a rank waits, its timers and signals wait as well.
 */
export class MpiWorld implements World, Disposable {
  readonly rank: number;
  readonly size: number;
  /** What the MPI library says of itself. */
  readonly library: string;
  readonly #communicator: Communicator;
  /** Why there is nothing that ranks can do together any more. */
  #over: MpiError | undefined;
  /** Of the batches since the last update. */
  #data = 0;
  /** Rows of the last batch. */
  #rows = 0;
  #updates = 0;

  /** Worlds are made by `init`. */
  constructor(communicator: Communicator, library: string) {
    this.#communicator = communicator;
    this.rank = communicator.rank;
    this.size = communicator.size;
    this.library = library;
  }

  /** See `World`. What differs from rank 0 on another rank is named. */
  begin(session: Session, options: WorldOptions = {}, state?: TrainerState): void {
    const access = session.trainingAccess();
    const { tensors: _, ...counts } = session.trainingState();
    const text = JSON.stringify({ ...describeTraining(access, options), counts, state });
    const words = this.#meet({ place: CALL.begin, a: textDigest(text) });
    if (words.some((word) => word.a !== words[0].a)) {
      throw this.#end(compareTrainings(this.#texts(text).map((text) => JSON.parse(text))));
    }
    this.#data = this.#rows = 0;
    this.#updates = counts.updates + counts.skipped;
    for (const numbers of access.trained()) this.#communicator.broadcast(numbers, 0);
    access.refresh();
  }

  /** See `World`: rows rank, rank + size, rank + 2 size ... of the batch. */
  accumulate(session: Session, batch: Batch, states: States | "zero" = "zero"): { loss: number; count: number } {
    const { layout } = session, B = batch.batch ?? batch.lengths?.length ?? session.batch;
    this.#data = Math.imul(this.#data, 31) ^ sampleDigest(batch.x) ^ B;
    this.#rows = B;
    const share = rowsOfRank(batch, layout, B, this.rank, this.size),
      own = share.batch,
      { lengths, decoderInput } = own;
    const start = states === "zero" || this.#rowsOf(session, states) !== B ? states : share.take(states);
    return session.accumulate(own, { batch: own.batch, lengths, decoderInput, states: start, shard: share.rows });
  }

  /**
   * See `World`: one MPI_Allreduce, on the gradients themselves. Losses are summed in the order of ranks, as doubles.
   */
  allReduce(session: Session, total: { sum: number; count: number } = { sum: 0, count: 0 }, late = false): boolean {
    const access = session.trainingAccess();
    const { step, count, isNonFinite } = access.accumulated();
    const words = this.#meet({
      place: CALL.step,
      at: step,
      data: this.#data,
      parameters: step % COMPARED === 0 ? digest(access.parameters()) : 0,
      a: total.sum,
      b: count,
      flags: (isNonFinite ? NON_FINITE : 0) | (late ? LATE : 0),
    });
    const isLate = (words[0].flags & LATE) !== 0, isEmpty = this.#data !== 0 && words.every(({ b }) => b === 0);
    this.#data = 0;
    this.#updates = step;
    total.sum = words.reduce((sum, { a }) => sum + a, 0);
    total.count = words.reduce((sum, { b }) => sum + b, 0);
    if (isEmpty && session.layout.reduction === "mean") {
      throw new OptionError("Cannot make an update: no target of the batch counts, on any rank");
    }
    const anyNonFinite = words.some(({ flags }) => flags & NON_FINITE);
    access.combine({ count: total.count, isNonFinite: anyNonFinite }, (gradients) => this.#communicator.sum(gradients));
    return isLate;
  }

  /** See `World`. */
  agree(session: Session, what: string, step: number, value: number): number {
    const parameters = digest(session.trainingAccess().parameters());
    return this.#meet({ place: CALL.agree, at: textDigest(`${what} ${step}`), a: value, parameters })[0].a;
  }

  /** See `World`. */
  gather(session: Session, states: States): States {
    this.#meet({ place: CALL.gather });
    const B = this.#rows;
    if (!B || this.#rowsOf(session, states) === B) return states;
    return joinStates(
      states,
      B,
      this.size,
      (rank) =>
        Object.fromEntries(
          session.trainingAccess().states.map(({ name, width }) => {
            const rows = range(rank, B, this.size).length;
            const data = rank === this.rank ? states[name].slice() : new Float32Array(rows * width);
            this.#communicator.broadcast(data, rank);
            return [name, data];
          }),
        ),
    );
  }

  /**
   * The sum over all ranks, element by element, in place: MPI_Allreduce. All ranks must call it with as many numbers.
   */
  sum(numbers: Float32Array): void {
    this.#meet({ place: CALL.sum, at: numbers.length });
    this.#communicator.sum(numbers);
  }

  /**
   * The bytes of rank 0 on all ranks, such as a checkpoint that lies on its disk alone. Other ranks' bytes are not
   * looked at. All ranks must call it.
   */
  broadcast(bytes: Uint8Array = new Uint8Array()): Uint8Array<ArrayBuffer> {
    const [{ a: length }] = this.#meet({ place: CALL.broadcast, a: bytes.length });
    const copy = new Uint8Array(length);
    if (this.rank === 0) copy.set(bytes);
    this.#communicator.broadcast(copy, 0);
    return copy;
  }

  /** See `World`. The others throw an error with this rank and the message. */
  fail(error: unknown): void {
    if (this.#over) return;
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.#gather({ place: CALL.failed });
    this.#reasons(reason);
    this.#end(new MpiError(`Rank ${this.rank} has failed: ${reason}`));
  }

  /**
   * All ranks are through: MPI_Finalize. When others are not, this rank has probably failed: what is wrong is printed,
   * the exit code of the process becomes 1, and MPI's launcher ends the others.
   */
  [Symbol.dispose](): void {
    if (this.#over) return;
    try {
      this.#meet({ place: CALL.leave });
      this.#communicator.finalize();
      this.#end(new MpiError("Cannot use this world: it was disposed"));
    } catch (error) {
      console.error(`rank ${this.rank} of ${this.size}: ${(error as Error).message}`);
      Deno.exitCode = 1;
    }
  }

  /** Whether it was disposed, or ranks cannot go on together. */
  get over(): boolean {
    return this.#over !== undefined;
  }

  /** What all ranks say, if they say the same. */
  #meet(word: Partial<RankReport>): RankReport[] {
    this.#open();
    const words = this.#gather(word), failed = ranksWhere(words, ({ place: place }) => place === CALL.failed);
    if (failed.length) {
      const reasons = this.#reasons(""), [first] = failed;
      const others = failed.length > 1 ? ` (${listed(failed)} have failed)` : "";
      throw this.#end(new MpiError(`Rank ${first} has failed: ${reasons[first]}${others}`));
    }
    try {
      requireAgreement(words, this.#updates);
    } catch (error) {
      throw this.#end(error as MpiError);
    }
    return words;
  }

  #gather(word: Partial<RankReport>): RankReport[] {
    const whole = { place: 0, at: 0, data: 0, parameters: 0, a: 0, b: 0, flags: 0, ...word };
    return decode(this.#communicator.gather(encode(whole)));
  }

  /** The texts of all ranks, of any lengths. */
  #texts(text: string): string[] {
    const own = new TextEncoder().encode(text), lengths = this.#gather({ a: own.length });
    return lengths.map(({ a: length }, rank) => {
      const bytes = rank === this.rank ? own : new Uint8Array(length);
      this.#communicator.broadcast(bytes, rank);
      return new TextDecoder().decode(bytes);
    });
  }

  #reasons(reason: string): string[] {
    return this.#texts(reason.slice(0, REASON));
  }

  #rowsOf(session: Session, states: States): number {
    const [state] = session.trainingAccess().states;
    return state ? states[state.name].length / state.width : 0;
  }

  #open(): void {
    if (this.#over) throw this.#over;
  }

  #end(reason: MpiError): MpiError {
    return this.#over = reason;
  }
}
