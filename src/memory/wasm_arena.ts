import { EngineError, PlanError } from "../errors.ts";
import type { Arena } from "./arena.ts";
import { LIMIT } from "./memory_map.ts";

/** Bytes of a WebAssembly memory page. */
const PAGE = 65536;

/** A module that needs SIMD: it has the type of a function that returns a vector. */
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123];

/** The memory of the WebAssembly kernels: one WebAssembly memory of fixed size. Every call returns a new view. */
export class WasmArena implements Arena {
  /** The WebAssembly memory, for the instance that computes in it. */
  readonly memory: WebAssembly.Memory;

  /**
   * @param bytes The least size, which is rounded up to whole pages of 64 KiB.
   * @param shared Whether other threads compute in the memory as well.
   * @throws {EngineError} When the engine has no WebAssembly, or no SIMD.
   * @throws {PlanError} When the size is more than 2 GiB, or more than the engine can allocate.
   */
  constructor(bytes: number, readonly shared = false) {
    if (!globalThis.WebAssembly?.validate(Uint8Array.from(SIMD))) {
      const least = "Chrome 111, Firefox 119, Safari 16.4 or newer";
      throw new EngineError(`Cannot compute: this engine has no WebAssembly with SIMD; expected ${least}`);
    }
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
