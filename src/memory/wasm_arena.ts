import { PlanError } from "../errors.ts";
import type { Arena } from "./arena.ts";
import { LIMIT } from "./planner.ts";

/** WebAssembly counts memory in pages of 64 KiB. */
const PAGE = 65536;

/** The arena that the wasm kernels work in: one WebAssembly memory of fixed size. Views are made at every call. */
export class WasmArena implements Arena {
  /** The memory itself, for the instance that computes in it. */
  readonly memory: WebAssembly.Memory;

  /**
   * @param bytes The size needed; rounded up to whole pages of 64 KiB.
   * @param shared Whether other threads compute in it as well.
   * @throws {PlanError} When that is more than 2 GiB, or more than the engine can get.
   */
  constructor(bytes: number, readonly shared = false) {
    if (!(bytes <= LIMIT)) {
      const reason = `one WebAssembly memory holds at most ${LIMIT}`;
      throw new PlanError(`Cannot make a memory of ${bytes} bytes: ${reason}`, { bytes, limit: LIMIT });
    }
    const pages = Math.max(1, Math.ceil(bytes / PAGE));
    try {
      this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const reason = `the engine did not get them (${error.message}), although one memory may hold ${LIMIT}`;
      throw new PlanError(`Cannot make a memory of ${bytes} bytes: ${reason}`, { bytes, limit: LIMIT });
    }
  }

  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  floats(address: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.memory.buffer as ArrayBuffer, address, length);
  }

  ints(address: number, length: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.memory.buffer as ArrayBuffer, address, length);
  }

  doubles(address: number, length: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.memory.buffer as ArrayBuffer, address, length);
  }
}
