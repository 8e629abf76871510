import { EngineError, OptionError, requireOneOf } from "../errors.ts";
import { refuse, requireMade, type Table } from "../options.ts";
import type { WasmArena } from "../memory/wasm_arena.ts";
import type { Kernels } from "./kernels.ts";
import { unpackLzma } from "./lzma.ts";

/** A module that both builds are made of, as assembly/build.ts embeds it. */
interface EmbeddedModule {
  /** Bytes of the module. */
  readonly size: number;
  /** The module, packed by LZMA, in base64. */
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

/** Which kernels compute. */
export interface KernelOptions {
  /**
   * The build of the kernels. `"fast"` fuses multiply-adds where the engine can. `"exact"` gives the same bits on every
   * machine.
   *
   * @default {"fast"}
   */
  numerics?: Numerics;
  /**
   * The kernels themselves, where the host forbids to compile bytes: the module of a file of the
   * npm package such as `@unroll/rnn/exact.wasm`, a promise of a module, or a build. With a module there is one thread.
   *
   * @default the build of `numerics`, which the library embeds
   */
  kernels?: WebAssembly.Module | Promise<WebAssembly.Module> | KernelBuild;
}

/** Whether a value is a module, of any realm. */
const isModule = (value: unknown): boolean => Object.prototype.toString.call(value) === "[object WebAssembly.Module]";

const refuseKernels = (value: unknown) => refuse("kernels", "a WebAssembly.Module, or a promise of one", value);

/** The options of the kernels. */
export const KERNELS = {
  numerics: [
    (name, value) =>
      typeof value === "object"
        ? requireMade(name, value, "module", "a build of the kernels")
        : requireOneOf<"fast" | "exact">(name, value as "fast", ["fast", "exact"]),
    "fast",
  ],
  kernels: [
    (_, value) =>
      isModule(value) || typeof value === "object" && value && ("then" in value || "module" in value)
        ? value as KernelBuild
        : refuseKernels(value),
  ],
} satisfies Table<KernelOptions>;

/** The custom section of a shipped module with fused multiply-adds. */
export const FAST = "fast";

/** The plain and the relaxed build of a list of kernels. Compiles each on first use, for shared memory or not. */
export class Builds {
  readonly #embedded: EmbeddedModule;
  readonly #modules: Promise<WebAssembly.Module>[] = [];

  constructor(embedded: EmbeddedModule) {
    this.#embedded = embedded;
  }

  /**
   * The module that the options ask for.
   *
   * @throws {OptionError} When `kernels` are not what they must be.
   * @throws {EngineError} When the engine cannot compile.
   */
  async module({ numerics, kernels }: KernelOptions, shared = false): Promise<WebAssembly.Module> {
    const given = await (kernels ?? (typeof numerics === "object" ? numerics : undefined));
    if (!given) return numerics === "exact" ? this.exact(shared) : this.fastest(shared);
    const isHandedIn = isModule(given);
    const module = isHandedIn ? given : await (given as Partial<KernelBuild>).module?.(shared);
    if (!isModule(module)) return refuseKernels(given);
    if (isHandedIn && shared) {
      throw new OptionError('"threads" must be 1 with a module in "kernels"');
    }
    if (numerics === "exact" && WebAssembly.Module.customSections(module!, FAST).length) {
      throw new OptionError('"kernels" must be exact.wasm with numerics "exact", got fast.wasm');
    }
    return module!;
  }

  /** The plain build, which every engine accepts. */
  exact(shared = false): Promise<WebAssembly.Module> {
    return this.#once(false, shared);
  }

  /** The relaxed build where the engine accepts relaxed SIMD, otherwise the plain build. */
  fastest(shared = false): Promise<WebAssembly.Module> {
    return this.#once(true, shared);
  }

  #once(fused: boolean, shared: boolean): Promise<WebAssembly.Module> {
    return this.#modules[2 * Number(fused) + Number(shared)] ??= this.#compile(fused, shared);
  }

  async #compile(fused: boolean, shared: boolean): Promise<WebAssembly.Module> {
    try {
      const bytes = moduleBytes(this.#embedded, fused, shared);
      return await (fused && !WebAssembly.validate(bytes) ? this.exact(shared) : WebAssembly.compile(bytes));
    } catch (error) {
      throw forbidden(error as Error);
    }
  }
}

/** What a host says that forbids wasm, with the ways out. */
function forbidden(error: Error): Error {
  if (error instanceof EngineError) return error;
  return new EngineError(`Cannot load the kernels: ${error.message}; hand in "kernels", or allow 'wasm-unsafe-eval'`);
}

/**
 * The bytes of a build: 8 ms (EPYC, Deno 2.9.6, 2026-12-01).
 *
 * @param fused Whether multiply-adds are one operation of relaxed SIMD.
 * @param shared Whether the module declares that its memory is shared.
 */
export function moduleBytes(
  { size, packed }: EmbeddedModule,
  fused: boolean,
  shared: boolean,
): Uint8Array<ArrayBuffer> {
  const bytes = replaceMarks(unpackLzma(fromBase64(packed), size), fused);
  return shared ? declareShared(bytes) : bytes;
}

/**
 * Puts a build's instructions in the places that assembly/madd.ts marks by the instructions `f32x4.min` and
 * `f32x4.max`, fd e8 01 and fd e9 01: multiplication and addition; or nothing, and a multiply-add. In place.
 */
export function replaceMarks(bytes: Uint8Array<ArrayBuffer>, fused: boolean): Uint8Array<ArrayBuffer> {
  const [product, sum] = fused ? [[1, 1, 1], [0xfd, 0x85, 2]] : [[0xfd, 0xe6, 1], [0xfd, 0xe4, 1]];
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 0xfd || bytes[i + 2] !== 1) continue;
    if (bytes[i + 1] === 0xe8) bytes.set(product, i);
    if (bytes[i + 1] === 0xe9) bytes.set(sum, i);
  }
  return bytes;
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

/**
 * Instantiate a module on an arena.
 *
 * @param names The kernels that it must have.
 * @throws {OptionError} When it does not have them.
 */
export async function instantiate(
  module: WebAssembly.Module,
  arena: WasmArena,
  names: readonly string[] = ["writeConstants"],
): Promise<Kernels> {
  const has = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
  const missing = names.find((name) => !has.has(name));
  if (missing) {
    throw new OptionError(`"kernels" must be a module with all kernels: it has no "${missing}"`);
  }
  const { memory } = arena;
  const instance = await WebAssembly.instantiate(module, { env: { memory } }).catch((error) => {
    throw forbidden(error);
  });
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
