/**
 * An implementation of `World` that uses public names only. The ranks are workers of one process, which exchange
 * numbers through shared memory.
 */
import type { Batch, Session, States, World } from "@unroll/rnn";
import { trainingAccess } from "@unroll/rnn/mpi";

/** Numbers that a rank can exchange at once. */
const CAPACITY = 4096;

/** A rank, and the memory that it shares with the other ranks. */
export interface WorkerRank {
  readonly rank: number;
  readonly size: number;
  readonly memory: SharedArrayBuffer;
}

/** Memory that the ranks share: a barrier, and `CAPACITY` doubles of each rank. */
export function sharedMemory(size: number): SharedArrayBuffer {
  return new SharedArrayBuffer(8 + 8 * CAPACITY * size);
}

/** Ranks that are workers. A rank that fails does not end the others: `fail` does nothing. */
export class WorkerWorld implements World {
  readonly rank: number;
  readonly size: number;
  /** The number of ranks that wait, and the number of barriers so far. */
  readonly #barrier: Int32Array;
  readonly #numbers: Float64Array;
  #B = 0;

  constructor({ rank, size, memory }: WorkerRank) {
    this.rank = rank;
    this.size = size;
    this.#barrier = new Int32Array(memory, 0, 2);
    this.#numbers = new Float64Array(memory, 8);
  }

  begin(session: Session): void {
    const access = trainingAccess(session);
    for (const numbers of access.trained()) numbers.set(this.#allGather(numbers)[0]);
    access.refresh();
  }

  accumulate(session: Session, batch: Batch, states: States | "zero"): { loss: number; count: number } {
    const B = this.#B = batch.batch!;
    const { from, rows } = this.#rowsOf(this.rank);
    const own = Array.from({ length: Math.max(1, rows) }, (_, i) => rows ? from + i : 0);
    const take = (data: ArrayLike<number>) => {
      return Array.from({ length: data.length / B }, (_, t) => own.map((b) => data[t * B + b])).flat();
    };
    const ownStates = states === "zero" ? states : Object.fromEntries(
      trainingAccess(session).states.map(({ name, width }) => {
        const data = states[name];
        if (data.length === own.length * width) return [name, data];
        return [name, Float32Array.from(own.flatMap((b) => [...data.subarray(b * width, (b + 1) * width)]))];
      }),
    );
    const data = { x: take(batch.x), y: take(batch.y), weights: rows ? undefined : [0] };
    return session.accumulate(data, { batch: own.length, states: ownStates, shard: { B, rows: own } });
  }

  allReduce(session: Session, total = { sum: 0, count: 0 }, isTimeUp = false): boolean {
    const access = trainingAccess(session);
    const { count, isNonFinite } = access.accumulated();
    const all = this.#allGather([total.sum, count, Number(isNonFinite), Number(isTimeUp)]);
    const sum = (column: number) => all.reduce((sum, numbers) => sum + numbers[column], 0);
    total.sum = sum(0);
    total.count = sum(1);
    access.combine({ count: total.count, isNonFinite: sum(2) > 0 }, (gradients) => {
      const gathered = this.#allGather(gradients);
      gathered[0].forEach((_, i) => gradients[i] = gathered.reduce((sum, numbers) => sum + numbers[i], 0));
    });
    return all[0][3] === 1;
  }

  agree(_session: Session, _place: string, _step: number, value: number): number {
    return this.#allGather([value])[0][0];
  }

  gather(session: Session, states: States): States {
    return Object.fromEntries(
      trainingAccess(session).states.map(({ name, width }) => {
        const all = this.#allGather(states[name], CAPACITY);
        const rows = all.flatMap((data, rank) => [...data.subarray(0, this.#rowsOf(rank).rows * width)]);
        return [name, Float32Array.from(rows)];
      }),
    );
  }

  fail(): void {}

  /** The rows of a rank, which are contiguous. */
  #rowsOf(rank: number): { from: number; rows: number } {
    const from = Math.floor(this.#B * rank / this.size);
    return { from, rows: Math.floor(this.#B * (rank + 1) / this.size) - from };
  }

  /** The first `length` numbers of each rank. */
  #allGather(numbers: ArrayLike<number>, length: number = numbers.length): Float64Array[] {
    const memory = this.#numbers;
    memory.set(numbers, this.rank * CAPACITY);
    this.#wait();
    const all = Array.from({ length: this.size }, (_, rank) => {
      return memory.slice(rank * CAPACITY, rank * CAPACITY + length);
    });
    this.#wait();
    return all;
  }

  /** Wait until all ranks wait. */
  #wait(): void {
    const barrier = this.#barrier;
    const generation = Atomics.load(barrier, 1);
    if (Atomics.add(barrier, 0, 1) + 1 === this.size) {
      Atomics.store(barrier, 0, 0);
      Atomics.add(barrier, 1, 1);
      Atomics.notify(barrier, 1);
    } else Atomics.wait(barrier, 1, generation);
  }
}
