import { Planner } from "../../../memory/planner.ts";
import type { Slot } from "../../../memory/slot.ts";
import { spend } from "../../format/budget.ts";
import { copyElements, type Inputs, type OnnxTensor, sizeOf } from "../../format/tensor.ts";
import { place } from "./lifetimes.ts";
import type { ModelMemory, WriteWeight } from "./model_memory.ts";
import type { Bind, Bound, Cells, PlanValue, Run } from "./plan_value.ts";

/** Some cells that lie one behind another in the memory. */
interface Buffer {
  readonly start: number;
  readonly size: number;
  /** The steps that use it. A buffer with content, or with a slot, is there in all. */
  first: number;
  last: number;
  /** Numbers that it holds from the start of each call. */
  readonly content?: Float32Array | Int32Array;
  slot?: Slot;
  offset: number;
}

/** The steps of a call, and what must be in the memory before the first one. */
export interface BoundPlan {
  readonly bound: Bound;
  readonly steps: readonly Run[];
  /** The name of the node of each step. */
  readonly labels: readonly string[];
  /** Writes the constants of the plan; again after another plan has used the memory. */
  install(): void;
}

/**
 * The plan of a call with one set of input shapes: steps on cells, whose places in the memory are found when all steps
 * are known. Buffers that no later step reads give their place to others.
 */
export class PlanBuilder {
  readonly #steps: { readonly label: string; readonly bind: Bind }[] = [];
  readonly #buffers: Buffer[] = [];
  readonly #dense = new WeakMap<Cells, Cells>();
  readonly #known = new WeakMap<OnnxTensor, Cells>();
  readonly #weights = new Map<Slot, Cells>();
  #cells = 0;
  #registers = 0;
  /** The name of the node that is planned, in errors of its steps. */
  label = "";
  /** A cell that holds 0. */
  readonly zero: Cells;
  /** Places what lasts for the whole plan. */
  readonly planner = new Planner(1, 1, false);

  constructor(readonly memory: ModelMemory) {
    this.zero = this.constant(new Float32Array(1));
  }

  /** New cells, which a step must write before others read them. */
  buffer(size: number): Cells {
    return this.#append({ size, first: Infinity, last: -1 });
  }

  /** Cells that hold these numbers. */
  constant(content: Float32Array | Int32Array): Cells {
    return this.#append({ size: content.length, first: -1, last: Infinity, content });
  }

  /** The cells of a slot of the planner. */
  slot(slot: Slot): Cells {
    const cells = this.#weights.get(slot) ?? this.#append({ size: slot.bytes / 4, first: -1, last: Infinity, slot });
    this.#weights.set(slot, cells);
    return cells;
  }

  /** The cells of a weight of the model, see `ModelMemory.weight`. */
  weight(owner: unknown, form: string, elements: number, write: WriteWeight): Cells {
    return this.slot(this.memory.weight(owner, form, elements, write));
  }

  /** A new place for tensors outside of the memory. */
  register(): number {
    return this.#registers++;
  }

  #append(buffer: Omit<Buffer, "start" | "offset">): Cells {
    spend(buffer.size);
    const start = this.#cells;
    this.#buffers.push({ ...buffer, start, offset: 0 });
    // No cell lies between two buffers, so that cells in a row are those of one buffer.
    this.#cells += buffer.size + 1;
    return { start };
  }

  /**
   * A step of the call.
   *
   * @param uses The cells that it reads and writes.
   */
  step(uses: readonly Cells[], bind: Bind): void {
    const at = this.#steps.push({ label: this.label, bind }) - 1;
    for (const cells of uses) this.#use(cells, at);
  }

  /** The cells are read after the last step. */
  keep(cells: Cells): void {
    this.#use(cells, Infinity);
  }

  /** The cells are written before the first step. */
  fill(cells: Cells): void {
    this.#use(cells, -1);
  }

  #use({ start, index }: Cells, at: number): void {
    let buffer = this.#bufferOf(index ? index[0] ?? 0 : start);
    const mark = () => {
      buffer.first = Math.min(buffer.first, at);
      buffer.last = Math.max(buffer.last, at);
    };
    mark();
    for (const cell of index ?? []) {
      if (cell >= buffer.start && cell < buffer.start + buffer.size) continue;
      buffer = this.#bufferOf(cell);
      mark();
    }
  }

  #bufferOf(cell: number): Buffer {
    let low = 0, high = this.#buffers.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#buffers[middle].start <= cell) low = middle;
      else high = middle - 1;
    }
    return this.#buffers[low];
  }

  /** Whether cells from one to another are in one buffer. */
  inOneBuffer(least: number, most: number): boolean {
    return this.#bufferOf(least) === this.#bufferOf(most);
  }

  /** The cells of a value: of a known one those of a constant. */
  cellsOf({ known, fixed, cells }: PlanValue): Cells {
    if (cells) return cells;
    const tensor = known!, size = sizeOf(tensor.shape), found = this.#known.get(tensor);
    if (found) return found;
    const made = fixed
      ? this.weight(tensor, "plain", size, (slot, _, arena) => {
        copyElements(tensor, 0, arena.floats(slot.address, size));
      })
      : this.constant(Float32Array.from(tensor.data));
    this.#known.set(tensor, made);
    return made;
  }

  /** The elements of a value in a row in the memory, in the order of the value. */
  dense(value: PlanValue): Cells {
    return this.gathered(this.cellsOf(value));
  }

  /** Cells in a row with the numbers of these cells. */
  gathered(cells: Cells): Cells {
    const { index } = cells;
    if (!index) return cells;
    const known = this.#dense.get(cells);
    if (known) return known;
    if (!index.length) return this.buffer(0);
    // Rows in two buffers may look even, and are elsewhere in the memory.
    const isOne = this.inOneBuffer(index[0], index.at(-1)!);
    const rows = isOne ? evenRows(index) : undefined;
    const made = rows?.rows === 1 ? { start: index[0] } : this.buffer(index.length);
    this.#dense.set(cells, made);
    if (rows?.rows === 1) return made;
    if (rows) {
      const from = { start: index[0] }, { rows: m, columns: n, stride } = rows;
      this.step([cells, made], ({ k, address }) => {
        const y = address(made), x = address(from);
        return () => k.copy(y, x, m, n, n, stride);
      });
      return made;
    }
    const table = new Int32Array(index.length), placed = this.constant(table);
    this.step([cells, made], ({ k, address }) => {
      for (let i = 0; i < table.length; i++) table[i] = address({ start: index[i] }) / 4;
      const y = address(made), at = address(placed);
      return () => k.gatherIntegers(y, 0, at, table.length);
    });
    return made;
  }

  /** A reader of a value as a tensor. That of cells is a view, which the next step may change. */
  tensorOf(value: PlanValue): { uses: Cells[]; bind: (bound: Bound) => () => OnnxTensor } {
    const { known, register, type, shape } = value;
    if (known) return { uses: [], bind: () => () => known };
    if (register !== undefined) return { uses: [], bind: ({ registers }) => () => registers[register] };
    const cells = this.dense(value);
    return {
      uses: [cells],
      bind: ({ floats }) => {
        const tensor = { type, shape, data: floats(cells, sizeOf(shape)) };
        return () => tensor;
      },
    };
  }

  /** A step that computes tensors outside of the memory; f32 outputs are copied into it. */
  compute(
    inputs: readonly (PlanValue | undefined)[],
    outputs: readonly Pick<PlanValue, "type" | "shape">[],
    compute: (inputs: Inputs) => OnnxTensor[] | Promise<OnnxTensor[]>,
  ): PlanValue[] {
    const readers = inputs.map((input) => input && this.tensorOf(input));
    const values = outputs.map(({ type, shape }): PlanValue =>
      type === "float" ? { type, shape, cells: this.buffer(sizeOf(shape)) } : { type, shape, register: this.register() }
    );
    const written = values.flatMap(({ cells }) => cells ?? []);
    this.step([...readers.flatMap((reader) => reader?.uses ?? []), ...written], (bound) => {
      const reads = readers.map((reader) => reader?.bind(bound));
      const views = values.map(({ cells, shape }) => cells && bound.floats(cells, sizeOf(shape)));
      const store = (tensors: readonly OnnxTensor[]) =>
        values.forEach(({ register }, i) => {
          if (register === undefined) views[i]!.set(tensors[i].data);
          else bound.registers[register] = tensors[i];
        });
      return () => {
        const tensors = compute(reads.map((read) => read?.()));
        return tensors instanceof Promise ? tensors.then(store) : store(tensors);
      };
    });
    return values;
  }

  /** Gives every buffer its place. Returns the bytes of the memory that the plan needs. */
  finish(): number {
    const { planner } = this, values = this.#buffers.filter(({ content, slot }) => !content && !slot);
    const lifetimes = values.map(({ size, first, last }) => ({ size, first: Math.min(first, last), last }));
    const { offsets, size } = place(lifetimes);
    values.forEach((buffer, i) => buffer.offset = 4 * offsets[i]);
    const shared = planner.derived("values", 1, size);
    for (const buffer of this.#buffers) {
      if (buffer.content) buffer.slot = planner.derived("constant", 1, buffer.size);
      else buffer.slot ??= shared;
    }
    // The weights of the model are the first bytes of the memory of each plan.
    planner.parameter("weights", [this.memory.weightBytes / 4]);
    return planner.finish();
  }

  /** The steps on the memory, after `finish` and after the memory has the bytes. */
  bind(): BoundPlan {
    const { arena, k } = this.memory;
    const address = ({ start }: Cells) => {
      const buffer = this.#bufferOf(start);
      return buffer.slot!.address + buffer.offset + 4 * (start - buffer.start);
    };
    const bound: Bound = {
      k,
      registers: [],
      address,
      floats: (cells, length) => arena.floats(address(cells), length),
      ints: (cells, length) => arena.ints(address(cells), length),
    };
    const steps = this.#steps.map(({ bind }) => bind(bound)), { constants } = this.planner;
    const contents = this.#buffers.filter(({ content }) => content);
    return {
      bound,
      steps,
      labels: this.#steps.map(({ label }) => label),
      install() {
        for (const { content, slot } of contents) {
          const { address } = slot!, { length } = content!;
          (content instanceof Int32Array ? arena.ints(address, length) : arena.floats(address, length)).set(content!);
        }
        for (const { slot, numbers } of constants) arena.floats(slot.address, slot.columns).set(numbers);
      },
    };
  }
}

/** The rows of a list of cells, when each row is in order, all have one length and begin `stride` after another. */
export function evenRows(index: Int32Array): { rows: number; columns: number; stride: number } | undefined {
  let columns = 1;
  while (columns < index.length && index[columns] === index[columns - 1] + 1) columns++;
  if (columns === index.length) return { rows: 1, columns, stride: columns };
  const stride = index[columns] - index[0];
  // A list of short rows takes less time as a table.
  if (columns < 8 || index.length % columns || stride < 0) return undefined;
  for (let i = columns; i < index.length; i++) if (index[i] !== index[i - columns] + stride) return undefined;
  return { rows: index.length / columns, columns, stride };
}
