import { PlanError } from "../errors.ts";
import { LIMIT, type MemoryMap, type PlanRow, RESERVED } from "./memory_map.ts";
import { Segment } from "./segment.ts";
import { rowStride, type Slot } from "./slot.ts";

/** The shape of a parameter tensor, row-major. A vector has one dimension. */
export type Shape = readonly number[];

/** A trainable tensor: value and gradient, both flat, in PyTorch's shape and order. */
export interface ParameterSlot {
  /** Name in the whole net: `rnn.weight_ih_l0`. */
  readonly name: string;
  /** Names of the parameters that are tied to this one. */
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

/** Numbers that a slot holds from the start of the session. */
export interface Constant {
  /** The slot: one row. */
  readonly slot: Slot;
  /** The numbers. */
  readonly numbers: readonly number[];
}

/** A stream of random numbers by counter: its key, its number, and the counter of training passes. */
export interface RandomStream {
  /** Low 32 bits of the seed. */
  readonly seed0: number;
  /** High 32 bits of the seed. */
  readonly seed1: number;
  /** Number of the stream in the net. */
  readonly stream: number;
  /** One i32, the number of the training pass, which the session increases at every training pass. */
  readonly counter: Slot;
}

/**
 * Places every tensor of a net in one linear memory.
 *
 * The parameters come first, then their gradients and the optimizer's moments, in the same relative layout, so that
 * zeroing, norm, clip and update are loops over one range. Then come derived copies (packed weights), activations,
 * scratch and workspace. All scratch slots share the same bytes, and so do all workspaces. Slots are 64-byte aligned.
 * Addresses are valid after `finish`.
 */
export class Planner {
  readonly #parameters = new Segment("parameters");
  readonly #gradients = new Segment("gradients");
  readonly #derived = new Segment("derived");
  readonly #activations = new Segment("activations");
  readonly #scratch = new Segment("scratch");
  readonly #workspace = new Segment("workspace");
  readonly #slots: ParameterSlot[] = [];
  readonly #constants: Constant[] = [];
  #reverseOrder: Slot | undefined;
  #randomCounter: Slot | undefined;
  #streams = 0;
  /** Whether a layer has int8 weights. */
  isInt8 = false;

  /**
   * @param batch The largest B of a call.
   * @param steps The largest T of a call.
   * @param train Whether backward will run. Only then do activations keep all steps, and gradients exist.
   * @param seed The seed of all random numbers.
   * @param threads Number of threads; each needs a workspace.
   * @param decoderSteps The largest T of a decoder.
   * @param keepOutputGradients Whether the gradients of recurrent layers' outputs stay in memory for all steps.
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

  /** Place a parameter and, when training, its gradient. `aliases` are the names of parameters tied to it. */
  parameter(name: string, shape: Shape, aliases: readonly string[] = []): ParameterSlot {
    const size = shape.reduce((product, n) => product * n, 1);
    const value = this.#parameters.append(name, 1, size, size);
    // Without training there is no gradient. Only backward would write it, and the session refuses backward.
    const gradient = this.train ? this.#gradients.append(name, 1, size, size) : value;
    const slot = { name, aliases, shape, size, value, gradient };
    this.#slots.push(slot);
    return slot;
  }

  /** All parameters so far, in order. */
  get parameters(): readonly ParameterSlot[] {
    return this.#slots;
  }

  /** Place an optimizer moment: a range with the layout of all parameters. Call after the last `parameter`. */
  moment(name: string): Slot {
    return this.#derived.append(name, 1, this.elements, this.elements);
  }

  /** Place a copy of parameters in another form, or a setting. It lasts as long as the net. */
  derived(name: string, rows: number, columns: number): Slot {
    return this.#derived.append(name, rows, columns, columns);
  }

  /** Place numbers that the session writes once, at its start. */
  constant(name: string, numbers: readonly number[]): Slot {
    const slot = this.#derived.append(name, 1, numbers.length, numbers.length);
    this.#constants.push({ slot, numbers });
    return slot;
  }

  /** All constants so far. */
  get constants(): readonly Constant[] {
    return this.#constants;
  }

  /**
   * For every row of a call the row that it changes places with when each sequence is read backwards, one i32 a row:
   * step t of a row of length L with step L - 1 - t, padding with itself. All layers share this slot. A layer that asks
   * for it returns it in `needs.reverseOrder`, and the session writes it at every call.
   */
  reverseOrder(): Slot {
    return this.#reverseOrder ??= this.integers("reverse order", this.steps * this.batch);
  }

  /**
   * A stream of random numbers: another one at every call. All streams share one counter. A layer that asks for a
   * stream returns the counter in `needs.randomCounter`, and the session writes it at every training pass.
   */
  random(): RandomStream {
    this.#randomCounter ??= this.#derived.append("training pass", 1, 1, 1);
    const [seed0, seed1] = seedWords(this.seed);
    return { seed0, seed1, stream: this.#streams++, counter: this.#randomCounter };
  }

  /** The shared slots that a layer has asked for. The session must write them. */
  get sharedSlots(): { readonly reverseOrder?: Slot; readonly randomCounter?: Slot } {
    return { reverseOrder: this.#reverseOrder, randomCounter: this.#randomCounter };
  }

  /** Place a matrix of activations. For `period` and `lead` see Slot. */
  activation(name: string, rows: number, columns: number, period?: number, lead?: number): Slot {
    return this.#activations.append(name, rows, columns, rowStride(columns), period, lead);
  }

  /** Place a column of 32-bit integers. */
  integers(name: string, rows: number): Slot {
    return this.#activations.append(name, rows, 1, 1);
  }

  /** Temporary memory for one layer call. All scratch slots share the same bytes. */
  scratch(name: string, rows: number, columns: number): Slot {
    return this.#scratch.overlay(name, rows, columns, rowStride(columns));
  }

  /** Temporary memory for one kernel call. All workspaces share the same bytes, in each thread its own. */
  workspace(elements: number): Slot {
    return this.#workspace.overlay("workspace", 1, elements, elements);
  }

  /**
   * Elements of the range of all parameters, of gradients, and of each moment. Padding counts; it is and stays zero.
   */
  get elements(): number {
    return this.#parameters.bytes / 4;
  }

  /** Addresses of the ranges of all parameter values and of all gradients. */
  get ranges(): { readonly value: number; readonly gradient: number } {
    return { value: this.#parameters.base, gradient: this.#gradients.base };
  }

  /**
   * Give every segment its address. Returns the size of the memory in bytes.
   *
   * @throws {PlanError} When the memory would be larger than 2 GiB.
   */
  finish(): number {
    let end = RESERVED;
    for (const segment of this.#segments()) {
      segment.base = end;
      end += segment.bytes;
    }
    end += this.#workspace.bytes * (this.threads - 1);
    if (end > LIMIT) {
      const need = `batch ${this.batch} and steps ${this.steps} need ${end} bytes, the limit is ${LIMIT}`;
      throw new PlanError(`Cannot plan the memory of this net: ${need}`, { bytes: end, limit: LIMIT });
    }
    return end;
  }

  /** The memory plan: a row for every slot, in the order of addresses. */
  table(): PlanRow[] {
    const rows = this.#segments().flatMap((segment) => segment.rows);
    for (let thread = 1; thread < this.threads; thread++) {
      for (const row of this.#workspace.rows) rows.push({ ...row, name: `${row.name} of thread ${thread}` });
    }
    return rows;
  }

  /** The layout of the memory, after `finish`. */
  get map(): MemoryMap {
    const placed = [this.#parameters, this.#gradients, this.#derived, this.#activations].flatMap(({ slots }) => slots);
    const shared = [this.#scratch, this.#workspace].map(({ base }) => ({ address: base, lead: 0 }));
    return { blocks: [...placed, ...shared], activations: this.#activations.base, workspace: this.#workspace.bytes };
  }

  #segments(): Segment[] {
    return [this.#parameters, this.#gradients, this.#derived, this.#activations, this.#scratch, this.#workspace];
  }
}

/** The two 32-bit words of a seed, low word first: the key of random numbers. */
export function seedWords(seed: number): [number, number] {
  return [seed | 0, Math.floor(seed / 2 ** 32) | 0];
}
