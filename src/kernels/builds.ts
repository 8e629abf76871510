import type { WasmArena } from "../memory/wasm_arena.ts";
import type { Kernels } from "./kernels.ts";

/**
 * Modules of one source, as assembly/build.ts embeds them: their pieces in turn, deflated together and in base64. Where
 * there are two, the plain one comes first, then the relaxed one.
 */
export interface EmbeddedModules {
  /** Bytes of each piece. */
  readonly lengths: readonly number[];
  readonly deflated: string;
}

/** Kernels compiled in a way of their own: `wide` of entry `./wide` is one. */
export interface KernelBuild {
  /** The module, for memory that is shared or is not. */
  module(shared: boolean): Promise<WebAssembly.Module>;
}

/**
 * How numbers are computed. `"exact"`: every multiplication and addition is rounded on its own, the same bits on every machine
 * and engine. `"fast"`: fused multiply-adds where the engine has relaxed SIMD, the same bits on one machine. Or kernels from
 * another entry.
 */
export type Numerics = "fast" | "exact" | KernelBuild;

/** The two builds of some kernels, for memory that is shared and memory that is not, each compiled when it is first asked for. */
export class Builds {
  readonly #embedded: EmbeddedModules;
  readonly #modules = new Map<string, Promise<WebAssembly.Module>>();

  constructor(embedded: EmbeddedModules) {
    this.#embedded = embedded;
  }

  /** The module for these numbers. */
  module(numerics: Numerics, shared = false): Promise<WebAssembly.Module> {
    if (typeof numerics === "object") return numerics.module(shared);
    return numerics === "fast" ? this.fastest(shared) : this.exact(shared);
  }

  /** The build without fusing, which every engine accepts. */
  exact(shared = false): Promise<WebAssembly.Module> {
    return this.#once(
      `exact, ${shared}`,
      async () => WebAssembly.compile(await moduleBytes(this.#embedded, 0, 2, shared)),
    );
  }

  /** The fused build where the engine accepts relaxed SIMD, elsewhere the exact one. */
  fastest(shared = false): Promise<WebAssembly.Module> {
    return this.#once(`fastest, ${shared}`, async () => {
      const bytes = await moduleBytes(this.#embedded, 1, 2, shared);
      return WebAssembly.validate(bytes) ? WebAssembly.compile(bytes) : this.exact(shared);
    });
  }

  #once(name: string, compile: () => Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
    const module = this.#modules.get(name) ?? compile();
    this.#modules.set(name, module);
    return module;
  }
}

/** The bytes of one of `count` embedded modules, declaring its memory shared if it is. */
export async function moduleBytes(
  { lengths, deflated }: EmbeddedModules,
  index: number,
  count: number,
  shared: boolean,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = Uint8Array.from(atob(deflated), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const all = new Uint8Array(await new Response(stream).arrayBuffer()), pieces: Uint8Array<ArrayBuffer>[] = [];
  lengths.reduce((at, length, i) => {
    if (i % count === index) pieces.push(all.subarray(at, at + length));
    return at + length;
  }, 0);
  return declared(new Uint8Array(await new Blob(pieces).arrayBuffer()), shared);
}

/** The kernels of a module on an arena. */
export async function instantiate(module: WebAssembly.Module, arena: WasmArena): Promise<Kernels> {
  const instance = await WebAssembly.instantiate(module, { env: { memory: arena.memory } });
  const kernels = instance.exports as unknown as Kernels;
  kernels.writeConstants();
  return kernels;
}

/** The module, saying that its memory is shared if it is: the flags of its import "env" "memory" become 3. */
function declared(bytes: Uint8Array<ArrayBuffer>, shared: boolean): Uint8Array<ArrayBuffer> {
  const name = [..."\x03env\x06memory\x02\x01"].map((c) => c.charCodeAt(0));
  const at = bytes.findIndex((_, i) => name.every((byte, j) => bytes[i + j] === byte));
  if (shared) bytes[at + name.length - 1] = 3;
  return bytes;
}
