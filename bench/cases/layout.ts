import { Planner } from "../../src/memory/planner.ts";
import type { Slot } from "../../src/memory/slot.ts";
import { WasmArena } from "../../src/memory/wasm_arena.ts";
import { Generator } from "../../src/random/generator.ts";

/**
 * Memory of the matrices of one kernel call, with the alignment and row strides of the library. Matrices hold random
 * numbers in [0.1, 1) unless a method says otherwise.
 */
export class Layout {
  readonly #planner = new Planner(1, 1, true);
  readonly #contents: ((arena: WasmArena) => void)[] = [];

  /** A matrix of activations. Its rows are padded by `rowStride`. */
  activations(rows: number, columns: number): Slot {
    return this.#planner.activation("activations", rows, columns);
  }

  /** A matrix without padding: weights, panels, a range of parameters. */
  dense(rows: number, columns: number): Slot {
    return this.#planner.derived("dense", rows, columns);
  }

  /** A matrix of activations that are zero. */
  zeros(rows: number, columns: number): Slot {
    const slot = this.activations(rows, columns);
    this.#contents.push((arena) => arena.floats(slot.address, slot.bytes / 4).fill(0));
    return slot;
  }

  /** The given numbers: settings of a kernel. */
  numbers(...numbers: number[]): Slot {
    const slot = this.dense(1, numbers.length);
    this.#contents.push((arena) => arena.floats(slot.address, numbers.length).set(numbers));
    return slot;
  }

  /** Random integers from 0 to `below` - 1. */
  integers(rows: number, below: number): Slot {
    const slot = this.#planner.integers("integers", rows), random = new Generator(2);
    const values = Int32Array.from({ length: rows }, () => random.integer(below));
    this.#contents.push((arena) => arena.ints(slot.address, rows).set(values));
    return slot;
  }

  /** The given integers. */
  words(...words: number[]): Slot {
    const slot = this.#planner.integers("words", words.length);
    this.#contents.push((arena) => arena.ints(slot.address, words.length).set(words));
    return slot;
  }

  /** Allocate and fill the memory. Slots have addresses from here on. */
  arena(): WasmArena {
    const arena = new WasmArena(this.#planner.finish());
    const floats = arena.floats(0, arena.bytes / 4);
    for (let i = 0; i < floats.length; i += NUMBERS.length) {
      floats.set(NUMBERS.subarray(0, floats.length - i), i);
    }
    for (const write of this.#contents) write(arena);
    return arena;
  }
}

const random = new Generator(1);
const NUMBERS = Float32Array.from({ length: 1 << 16 }, () => 0.1 + 0.9 * random.uniform());
