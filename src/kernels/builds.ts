import { requireOneOf } from "../errors.ts";
import { requireMade } from "../options.ts";
import type { WasmArena } from "../memory/wasm_arena.ts";
import type { Kernels } from "./kernels.ts";

/**
 * Modules of one source, as assembly/build.ts embeds them: their pieces in turn, deflated together, in base64. Of two
 * modules the plain one comes first, then the relaxed one.
 */
interface EmbeddedModules {
  /** Bytes of each piece. */
  readonly lengths: readonly number[];
  /** The pieces, deflated, in base64. */
  readonly deflated: string;
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
      async () => WebAssembly.compile(await moduleBytes(this.#embedded, 0, 2, shared)),
    );
  }

  /** The relaxed build where the engine accepts relaxed SIMD, otherwise the plain build. */
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

/**
 * The bytes of an embedded module.
 *
 * @param index Which of the `count` modules.
 * @param shared Whether the module declares that its memory is shared.
 */
export async function moduleBytes(
  { lengths, deflated }: EmbeddedModules,
  index: number,
  count: number,
  shared: boolean,
): Promise<Uint8Array<ArrayBuffer>> {
  const all = await inflate(deflated);
  const isOwn = (i: number) => i % count === index;
  const bytes = new Uint8Array(lengths.reduce((sum, n, i) => isOwn(i) ? sum + n : sum, 0));
  let from = 0, to = 0;
  lengths.forEach((length, i) => {
    if (isOwn(i)) bytes.set(all.subarray(from, from + length), to), to += length;
    from += length;
  });
  return shared ? declareShared(bytes) : bytes;
}

/**
 * Inflate deflated base64. The stream's own reader and plain loops: a Blob, a Response and a function called for each
 * byte took 24 ms of a program's start instead of 9 (EPYC Milan, Deno 2.9.6, 2026-11-27).
 */
async function inflate(deflated: string): Promise<Uint8Array> {
  const bytes = fromBase64(deflated), parts: Uint8Array[] = [];
  const { readable, writable } = new DecompressionStream("deflate-raw"), writer = writable.getWriter();
  writer.write(bytes);
  writer.close();
  let size = 0;
  for (const reader = readable.getReader();;) {
    const { value } = await reader.read();
    if (!value) break;
    parts.push(value);
    size += value.length;
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) all.set(part, at), at += part.length;
  return all;
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
