/** Slots, and the segments of the memory, begin at multiples of this number of bytes. */
export const ALIGNMENT = 64;

/** The first bytes of the memory hold the constants of the kernels, so that address 0 can mean "none". */
export const RESERVED = 1024;

/** 2 GiB, the most bytes of one memory: an address beyond is negative when taken as a 32-bit integer. */
export const LIMIT = 2 ** 31;

/** One line of the memory plan. */
export interface PlanRow {
  /** Name of the slot. */
  readonly name: string;
  /** `parameters`, `gradients`, `derived`, `activations`, `scratch` or `workspace`. */
  readonly group: string;
  /** Size in bytes, without alignment. */
  readonly bytes: number;
}

/** A block of memory: one slot, or all slots that share the same bytes. */
export interface MemoryBlock {
  /** Address of the block's first byte. */
  readonly address: number;
  /** Rows before state 1 (see `Slot.lead`); 0 for a block that holds no states. */
  readonly lead: number;
}

/** The layout of a net's memory, for threads that partition the work on it. */
export interface MemoryMap {
  /** All blocks, in the order of their addresses. */
  readonly blocks: readonly MemoryBlock[];
  /** Address of the first activation. Blocks from here on hold rows of a batch. */
  readonly activations: number;
  /** Bytes of one thread's workspace. The workspaces of the other threads follow the first. */
  readonly workspace: number;
}
