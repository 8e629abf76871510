import type { WasmArena } from "../memory/wasm_arena.ts";
import type { Kernels } from "./kernels.ts";

/**
 * The plain and the relaxed module of one source, as assembly/build.ts embeds them: the pieces of both in turn, a plain
 * one first, deflated together and in base64.
 */
export interface EmbeddedModules {
  /** Bytes of each piece. */
  readonly lengths: readonly number[];
  readonly deflated: string;
}

/** The two builds of some kernels, for memory that is shared and memory that is not, each compiled when it is first asked for. */
export class Builds {
  readonly #embedded: EmbeddedModules;
  readonly #modules = new Map<string, Promise<WebAssembly.Module>>();

  constructor(embedded: EmbeddedModules) {
    this.#embedded = embedded;
  }

  /** The build without fusing, which every engine accepts. */
  exact(shared = false): Promise<WebAssembly.Module> {
    return this.#once(`exact, ${shared}`, async () => WebAssembly.compile(declared(await this.#bytes(0), shared)));
  }

  /** The fused build where the engine accepts relaxed SIMD, elsewhere the exact one. */
  fastest(shared = false): Promise<WebAssembly.Module> {
    return this.#once(`fastest, ${shared}`, async () => {
      const bytes = declared(await this.#bytes(1), shared);
      return WebAssembly.validate(bytes) ? WebAssembly.compile(bytes) : this.exact(shared);
    });
  }

  #once(name: string, compile: () => Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
    const module = this.#modules.get(name) ?? compile();
    this.#modules.set(name, module);
    return module;
  }

  /** Every second piece: from the first on the plain module, from the second on the relaxed one. */
  async #bytes(first: 0 | 1): Promise<Uint8Array<ArrayBuffer>> {
    const { lengths, deflated } = this.#embedded;
    const bytes = Uint8Array.from(atob(deflated), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    const both = new Uint8Array(await new Response(stream).arrayBuffer()), pieces: Uint8Array<ArrayBuffer>[] = [];
    lengths.reduce((at, length, i) => {
      if (i % 2 === first) pieces.push(both.subarray(at, at + length));
      return at + length;
    }, 0);
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  }
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
