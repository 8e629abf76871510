import { ALIGNMENT, type PlanRow } from "./memory_map.ts";
import { type Region, Slot } from "./slot.ts";

/** A part of the memory whose slots lie one behind another, or all share the same bytes. */
export class Segment implements Region {
  /** Address of the first byte; the planner sets it when all sizes are known. */
  base = 0;
  /** Size in bytes, a multiple of the alignment. */
  bytes = 0;
  /** Lines of the memory plan. */
  readonly rows: PlanRow[] = [];
  /** The slots that `append` placed. */
  readonly slots: Slot[] = [];

  /** @param group Name of the segment in the memory plan. */
  constructor(readonly group: string) {}

  /** Place a slot behind all others. For `period` and `lead` see Slot. */
  append(name: string, rows: number, columns: number, stride: number, period?: number, lead?: number): Slot {
    const slot = new Slot(name, rows, columns, stride, this, this.bytes, period, lead);
    this.bytes += align(slot.bytes);
    this.rows.push({ name, group: this.group, bytes: slot.bytes });
    this.slots.push(slot);
    return slot;
  }

  /** Place a slot at the segment's first byte, which it shares with all others of the segment. */
  overlay(name: string, rows: number, columns: number, stride: number): Slot {
    const slot = new Slot(name, rows, columns, stride, this, 0);
    if (slot.bytes > this.bytes) {
      this.bytes = align(slot.bytes);
      this.rows[0] = { name: "shared", group: this.group, bytes: slot.bytes };
    }
    return slot;
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
