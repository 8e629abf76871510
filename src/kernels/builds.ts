import { requireOneOf } from "../errors.ts";
import { requireMade } from "../options.ts";
import type { WasmArena } from "../memory/wasm_arena.ts";
import type { Kernels } from "./kernels.ts";
import { unpackLzma } from "./lzma.ts";

/** Modules of one source, as assembly/build.ts embeds them. Of two modules the relaxed one comes first. */
interface EmbeddedModules {
  /** Bytes of each module. */
  readonly sizes: readonly number[];
  /** The modules one after the other, packed by LZMA, in base64. */
  readonly packed: string;
}

/** A build of the kernels beside `"fast"` and `"exact"`: `wide` of entry `./wide` is one. */
export interface KernelBuild {
  /** The module, for memory that threads share (`shared`) or that they do not. */
  module(shared: boolean): Promise<WebAssembly.Module>;
}

/**
 * How the kernels compute. `"exact"` rounds every multiplication and every addition: the same bits on every machine and
 * engine. `"fast"` fuses a multiplication and the addition of its product where the engine has relaxed SIMD: the same
 * bits on one machine. Another entry may bring a build of its own.
 */
export type Numerics = "fast" | "exact" | KernelBuild;

/** The option `numerics`: its check and its default. */
export const NUMERICS: readonly [check: (name: string, value: unknown) => Numerics, preset: Numerics] = [
  (name, value) =>
    typeof value === "object"
      ? requireMade(name, value, "module", "a build of the kernels")
      : requireOneOf<"fast" | "exact">(name, value as "fast", ["fast", "exact"]),
  "fast",
];

/** The plain and the relaxed build of a list of kernels. Compiles each on first use, for shared memory or not. */
export class Builds {
  readonly #embedded: EmbeddedModules;
  readonly #modules = new Map<string, Promise<WebAssembly.Module>>();

  constructor(embedded: EmbeddedModules) {
    this.#embedded = embedded;
  }

  /** The module for `numerics`. */
  module(numerics: Numerics, shared = false): Promise<WebAssembly.Module> {
    if (typeof numerics === "object") return numerics.module(shared);
    return numerics === "fast" ? this.fastest(shared) : this.exact(shared);
  }

  /** The plain build, which every engine accepts. */
  exact(shared = false): Promise<WebAssembly.Module> {
    return this.#once(
      `exact, ${shared}`,
      async () => WebAssembly.compile(moduleBytes(this.#embedded, 1, shared)),
    );
  }

  /** The relaxed build where the engine accepts relaxed SIMD, otherwise the plain build. */
  fastest(shared = false): Promise<WebAssembly.Module> {
    return this.#once(`fastest, ${shared}`, async () => {
      const bytes = moduleBytes(this.#embedded, 0, shared);
      return WebAssembly.validate(bytes) ? WebAssembly.compile(bytes) : this.exact(shared);
    });
  }

  #once(name: string, compile: () => Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
    const module = this.#modules.get(name) ?? compile();
    this.#modules.set(name, module);
    return module;
  }
}

/**
 * The bytes of an embedded module. The modules before it are unpacked with it: 8 ms for the relaxed module of all
 * kernels, 14 for the plain one (EPYC, Deno 2.9.6, 2026-12-01).
 *
 * @param index Number of the module.
 * @param shared Whether the module declares that its memory is shared.
 */
export function moduleBytes(
  { sizes, packed }: EmbeddedModules,
  index: number,
  shared: boolean,
): Uint8Array<ArrayBuffer> {
  const from = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
  const bytes = unpackLzma(fromBase64(packed), from + sizes[index]).slice(from);
  return shared ? declareShared(bytes) : bytes;
}

/**
 * Decode base64. Engines from before 2025 do not have `Uint8Array.fromBase64` and need a loop: 4 ms of a program's
 * start instead of 0.05 (EPYC Milan, Deno 2.9.6, 2026-11-27).
 */
function fromBase64(base64: string): Uint8Array<ArrayBuffer> {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Instantiate a module on an arena. */
export async function instantiate(module: WebAssembly.Module, arena: WasmArena): Promise<Kernels> {
  const instance = await WebAssembly.instantiate(module, { env: { memory: arena.memory } });
  const kernels = instance.exports as unknown as Kernels;
  kernels.writeConstants();
  return kernels;
}

/** Declare that a module's memory is shared: the flags of its import "env" "memory" become 3. In place. */
function declareShared(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const name = [..."\x03env\x06memory\x02\x01"].map((c) => c.charCodeAt(0));
  const at = bytes.findIndex((_, i) => name.every((byte, j) => bytes[i + j] === byte));
  bytes[at + name.length - 1] = 3;
  return bytes;
}
