import { PlanError } from "../errors.ts";
import { type Region, rowStride, Slot } from "./slot.ts";

/** The shape of one parameter tensor, row-major; a vector has one dimension. */
export type Shape = readonly number[];

/** A trainable tensor: its value and its gradient, both flat in the master layout (PyTorch's shape and order). */
export interface ParameterSlot {
  /** Its name in the whole net: `rnn.weight_ih_l0`. */
  readonly name: string;
  /** Its other names, those of parameters that are tied to it. */
  readonly aliases: readonly string[];
  /** PyTorch's shape. */
  readonly shape: Shape;
  /** Number of elements. */
  readonly size: number;
  /** One row of `size` elements. */
  readonly value: Slot;
  /** One row of `size` elements. */
  readonly gradient: Slot;
}

/** Numbers that are in a slot from the start. */
export interface Constant {
  /** Where they go: one row. */
  readonly slot: Slot;
  /** What goes there. */
  readonly numbers: readonly number[];
}

/** Random numbers by counter: key, stream, and one i32 that the session raises at every training pass. */
export interface RandomStream {
  /** Low 32 bits of the seed. */
  readonly seed0: number;
  /** High 32 bits of the seed. */
  readonly seed1: number;
  /** Number of the stream in the net. */
  readonly stream: number;
  /** One i32: the number of the training pass. */
  readonly counter: Slot;
}

/** One line of the memory plan. */
export interface PlanRow {
  /** Name of the slot. */
  readonly name: string;
  /** parameters, gradients, derived, activations, scratch or workspace. */
  readonly group: string;
  /** Size without alignment. */
  readonly bytes: number;
}

/** A block of memory: a slot, or all those that share one place. */
export interface MemoryBlock {
  /** Where it begins. */
  readonly address: number;
  /** Rows before state 1, see Slot; 0 of all but states. */
  readonly lead: number;
}

/** Where what is in memory begins, for those who share out the work on it. */
export interface MemoryMap {
  /** All blocks, by address. */
  readonly blocks: readonly MemoryBlock[];
  /** Where activations begin: those who come later belong to rows of a batch. */
  readonly activations: number;
  /** Bytes of the workspace of one thread; those of the others are behind it. */
  readonly workspace: number;
}

const ALIGNMENT = 64;
/** The constants of the activation kernels live below; address 0 means "none". */
const RESERVED = 1024;
/** 2 GiB, the most that one memory holds: beyond it an address, taken as a 32-bit integer, turns negative. */
export const LIMIT = 2 ** 31;

class Segment implements Region {
  base = 0;
  bytes = 0;
  readonly rows: PlanRow[] = [];
  readonly slots: Slot[] = [];

  constructor(readonly group: string) {}

  take(name: string, rows: number, columns: number, stride: number, period?: number, lead?: number): Slot {
    const slot = new Slot(name, rows, columns, stride, this, this.bytes, period, lead);
    this.bytes += align(slot.bytes);
    this.rows.push({ name, group: this.group, bytes: slot.bytes });
    this.slots.push(slot);
    return slot;
  }
}

/**
 * Gives every tensor of a net its place in one linear memory. Parameters first, then gradients and optimizer moments in the
 * same relative layout, so that zeroing, norm, clip and update are loops over one range; then derived copies (packed
 * weights), kept activations, and scratch and workspace, which all their users share. Slots are 64-byte aligned. Addresses are valid after `finish`.
 */
export class Planner {
  readonly #parameters = new Segment("parameters");
  readonly #gradients = new Segment("gradients");
  readonly #derived = new Segment("derived");
  readonly #kept = new Segment("activations");
  readonly #scratch = new Segment("scratch");
  readonly #workspace = new Segment("workspace");
  readonly #slots: ParameterSlot[] = [];
  readonly #constants: Constant[] = [];
  #reverseOrder: Slot | undefined;
  #randomCounter: Slot | undefined;
  #streams = 0;

  /**
   * `train` says whether backward will run: whether activations keep their history and gradients exist. `batch` and `steps`
   * are the largest B and T of a call; `seed` is that of all random numbers; `threads` each need a workspace;
   * `decoderSteps` is the largest T of a decoder; `keepOutputGradients` says whether the gradients of recurrent layers'
   * outputs stay in memory for all steps.
   */
  constructor(
    readonly batch: number,
    readonly steps: number,
    readonly train: boolean,
    readonly seed = 0,
    readonly threads = 1,
    readonly decoderSteps: number = steps,
    readonly keepOutputGradients = false,
  ) {}

  /** A parameter, by all its names, and, when training, its gradient. */
  parameter(name: string, shape: Shape, aliases: readonly string[] = []): ParameterSlot {
    const size = shape.reduce((product, n) => product * n, 1);
    const value = this.#parameters.take(name, 1, size, size);
    // Without training there is no gradient; backward, which alone would write one, is refused by the session.
    const gradient = this.train ? this.#gradients.take(name, 1, size, size) : value;
    const slot = { name, aliases, shape, size, value, gradient };
    this.#slots.push(slot);
    return slot;
  }

  /** All parameters so far, in order. */
  get parameters(): readonly ParameterSlot[] {
    return this.#slots;
  }

  /** A range as long as all parameters with their padding, in their layout: an optimizer moment. Ask after the last parameter. */
  moment(name: string): Slot {
    return this.#derived.take(name, 1, this.elements, this.elements);
  }

  /** A copy of parameters in another form, or a setting: lives as long as the net. */
  derived(name: string, rows: number, columns: number): Slot {
    return this.#derived.take(name, rows, columns, columns);
  }

  /** Numbers that a layer needs in memory; written once, when the session starts. */
  constant(name: string, numbers: readonly number[]): Slot {
    const slot = this.#derived.take(name, 1, numbers.length, numbers.length);
    this.#constants.push({ slot, numbers });
    return slot;
  }

  /** All constants so far. */
  get constants(): readonly Constant[] {
    return this.#constants;
  }

  /**
   * For every row of a call the row that it changes places with when each sequence is read backwards, one i32 a row: step
   * t of a row of length L with step L - 1 - t, padding with itself. All layers share this slot. A layer that asks for
   * it returns it in `needs.reverseOrder`, and the session writes it at every call.
   */
  reverseOrder(): Slot {
    return this.#reverseOrder ??= this.integers("reverse order", this.steps * this.batch);
  }

  /**
   * A stream of random numbers: another one at every call. All streams share one counter. A layer that asks for a stream
   * returns the counter in `needs.randomCounter`, and the session writes it at every training pass.
   */
  random(): RandomStream {
    this.#randomCounter ??= this.#derived.take("training pass", 1, 1, 1);
    const [seed0, seed1] = seedWords(this.seed);
    return { seed0, seed1, stream: this.#streams++, counter: this.#randomCounter };
  }

  /** The shared slots that a layer has asked for. The session must write them. */
  get sharedSlots(): { readonly reverseOrder?: Slot; readonly randomCounter?: Slot } {
    return { reverseOrder: this.#reverseOrder, randomCounter: this.#randomCounter };
  }

  /** A matrix of activations. For `period` and `lead` see Slot. */
  activation(name: string, rows: number, columns: number, period?: number, lead?: number): Slot {
    return this.#kept.take(name, rows, columns, rowStride(columns), period, lead);
  }

  /** A column of 32-bit integers. */
  integers(name: string, rows: number): Slot {
    return this.#kept.take(name, rows, 1, 1);
  }

  /** Room for the length of one layer's pass: all scratch slots overlap. */
  scratch(name: string, rows: number, columns: number): Slot {
    return share(this.#scratch, new Slot(name, rows, columns, rowStride(columns), this.#scratch, 0));
  }

  /** Room of so many elements for the length of one kernel call: all workspaces overlap. */
  workspace(elements: number): Slot {
    return share(this.#workspace, new Slot("workspace", 1, elements, elements, this.#workspace, 0));
  }

  /** Elements of the range of all parameters, padding included (padding is and stays zero); gradients and moments are as long. */
  get elements(): number {
    return this.#parameters.bytes / 4;
  }

  /** Where the ranges of all parameter values and of all gradients begin. */
  get ranges(): { readonly value: number; readonly gradient: number } {
    return { value: this.#parameters.base, gradient: this.#gradients.base };
  }

  /** Place everything; returns the bytes needed. Throws PlanError above 2 GiB. */
  finish(): number {
    let end = RESERVED;
    for (const stretch of this.#stretches()) {
      stretch.base = end;
      end += stretch.bytes;
    }
    end += this.#workspace.bytes * (this.threads - 1);
    if (end > LIMIT) {
      throw new PlanError(
        `Cannot plan the memory of this net: batch ${this.batch} and steps ${this.steps} need ${end} bytes, the limit is ${LIMIT}`,
        { bytes: end, limit: LIMIT },
      );
    }
    return end;
  }

  /** Every slot with its group and bytes, in the order of addresses. */
  table(): PlanRow[] {
    const each = ({ name, group, bytes }: PlanRow, i: number) => ({ name: `${name} of thread ${i}`, group, bytes });
    const others = Array.from(
      { length: this.threads - 1 },
      (_, i) => this.#workspace.rows.map((row) => each(row, i + 1)),
    );
    return [...this.#stretches().flatMap((stretch) => stretch.rows), ...others.flat()];
  }

  /** Where everything is; after `finish`. */
  get map(): MemoryMap {
    const placed = [this.#parameters, this.#gradients, this.#derived, this.#kept].flatMap(({ slots }) => slots);
    const shared = [this.#scratch, this.#workspace].map(({ base }) => ({ address: base, lead: 0 }));
    return { blocks: [...placed, ...shared], activations: this.#kept.base, workspace: this.#workspace.bytes };
  }

  #stretches(): Segment[] {
    return [this.#parameters, this.#gradients, this.#derived, this.#kept, this.#scratch, this.#workspace];
  }
}

/** A seed as the two 32-bit words of a key. */
export function seedWords(seed: number): [number, number] {
  return [seed | 0, Math.floor(seed / 2 ** 32) | 0];
}

/** Let a stretch that all its slots share be long enough for one more. */
function share(stretch: Segment, slot: Slot): Slot {
  if (slot.bytes > stretch.bytes) {
    stretch.bytes = align(slot.bytes);
    stretch.rows[0] = { name: "shared", group: stretch.group, bytes: slot.bytes };
  }
  return slot;
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
