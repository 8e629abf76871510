/** The C library of the operating system: reads environment variables and loads libraries with global symbols. */
import { MpiError } from "./mpi_error.ts";

/** Libraries that may export `dlopen`: glibc does from 2.34 on; older versions have libdl. */
const NAMES = Deno.build.os === "darwin" ? ["libSystem.B.dylib"] : ["libc.so.6", "libdl.so.2", "libc.so"];
const SYMBOLS = {
  dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
  dlsym: { parameters: ["pointer", "buffer"], result: "usize" },
  dlerror: { parameters: [], result: "pointer" },
  getenv: { parameters: ["buffer"], result: "pointer" },
} as const;
/** RTLD_NOW | RTLD_GLOBAL: MPI's plug-ins find the symbols of the MPI library only if these are global. */
const OPEN_FLAGS = Deno.build.os === "darwin" ? 0x2 | 0x8 : 0x2 | 0x100;

/** The C library, open until it is disposed. */
export class CLibrary implements Disposable {
  readonly #library = openCLibrary();

  /** The value of an environment variable, read as MPI reads it. `Deno.env` would need a permission of its own. */
  environment(name: string): string | undefined {
    return stringAt(this.#library.symbols.getenv(cString(name)));
  }

  /**
   * Load a library with global symbols.
   *
   * @returns `address`, which gives the address of a symbol or 0n; or `error`, the reason why the library did not load.
   */
  open(name: string): { error: string } | { address: (symbol: string) => bigint } {
    const { dlopen, dlsym, dlerror } = this.#library.symbols;
    const handle = dlopen(cString(name), OPEN_FLAGS);
    if (!handle) return { error: stringAt(dlerror()) ?? "unknown" };
    return { address: (symbol) => dlsym(handle, cString(symbol)) };
  }

  /** Close the C library. The libraries that `open` has loaded stay loaded. */
  [Symbol.dispose](): void {
    this.#library.close();
  }
}

function openCLibrary(): Deno.DynamicLibrary<typeof SYMBOLS> {
  const errors: string[] = [];
  for (const name of NAMES) {
    try {
      return Deno.dlopen(name, SYMBOLS);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      errors.push(`${name} (${(error as Error).message})`);
    }
  }
  throw new MpiError(`Cannot load the C library, tried ${errors.join(", ")}`);
}

/** The text as a zero-terminated C string. */
function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text + "\0");
}

/** The C string at an address, or undefined at NULL. */
function stringAt(pointer: Deno.PointerValue): string | undefined {
  return pointer ? new Deno.UnsafePointerView(pointer).getCString() : undefined;
}
