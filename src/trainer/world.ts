import type { Batch } from "../training/data/batch.ts";
import type { States } from "../runtime/packed_batch.ts";
import type { Session } from "../session/session.ts";
import type { TrainerOptions } from "./options.ts";
import type { TrainerState } from "./state.ts";

/** Options of `fit`, whatever is monitored. */
export type WorldOptions = Omit<TrainerOptions, "monitor"> & { readonly monitor?: PropertyKey };

/**
 * Processes that train one net together, each on its rows of every batch: what `fit` asks of them. Entry `./mpi` makes
 * one. Every call but `accumulate` and `fail` waits for all ranks, which must make the same calls.
 */
export interface World {
  /** The number of this process, from 0. */
  readonly rank: number;
  /** The number of processes. */
  readonly size: number;
  /** A training begins: what must be the same on all ranks is compared, then parameters and moments become those of rank 0. */
  begin(session: Session, options?: WorldOptions, state?: TrainerState): void;
  /** Accumulate the gradients of this rank's rows of a batch; states of all rows, or of its own. */
  accumulate(session: Session, batch: Batch, states: States | "zero"): { loss: number; count: number };
  /**
   * Between `accumulate` and `update`: gradients and losses become those of all ranks together. Returned is rank 0's
   * `late`: whether the time of the training is over.
   */
  allReduce(session: Session, total?: { sum: number; count: number }, late?: boolean): boolean;
  /** Rank 0's value. What is agreed on after how many updates, and the parameters, must be the same on all ranks. */
  agree(session: Session, what: string, step: number, value: number): number;
  /** States of all rows, from those of each rank's. */
  gather(session: Session, states: States): States;
  /** Tell the other ranks, when they next wait, that this one has failed. */
  fail(error: unknown): void;
}
