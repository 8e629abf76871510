import type { States } from "../runtime/packed_batch.ts";
import type { Session } from "../session/session.ts";
import { TotalLoss } from "../training/losses/total_loss.ts";

/** The batches of one update so far: their loss, their number, and the states after the last of them. */
export interface Accumulation {
  readonly total: TotalLoss;
  batches: number;
  carried: States | "zero";
}

/** No batches. The first one starts from the states `carried`. */
export function startAccumulation({ layout }: Session, carried: States | "zero"): Accumulation {
  return { total: new TotalLoss(layout.reduction), batches: 0, carried };
}
