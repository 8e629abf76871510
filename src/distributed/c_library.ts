/** What is asked of the C library: to load a library so that its own parts see its symbols, and where symbols are. */
import { MpiError } from "./mpi_error.ts";

/** Where `dlopen` is: since glibc 2.34 in the C library itself, on older systems beside it. */
const NAMES = Deno.build.os === "darwin" ? ["libSystem.B.dylib"] : ["libc.so.6", "libdl.so.2", "libc.so"];
const SYMBOLS = {
  dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
  dlsym: { parameters: ["pointer", "buffer"], result: "usize" },
  dlerror: { parameters: [], result: "pointer" },
  getenv: { parameters: ["buffer"], result: "pointer" },
} as const;
/** RTLD_NOW | RTLD_GLOBAL. */
const FLAGS = Deno.build.os === "darwin" ? 0x2 | 0x8 : 0x2 | 0x100;

/** A C string. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text + "\0");
}

/** The C library. */
export class CLibrary implements Disposable {
  readonly #library = load();

  /** An environment variable, as MPI itself reads them: without the permission that `Deno.env` asks for. */
  variable(name: string): string | undefined {
    return text(this.#library.symbols.getenv(cString(name)));
  }

  /** Load a library with all its symbols visible; what was wrong, or where its symbols are. */
  open(name: string): { fault: string } | { address: (symbol: string) => bigint } {
    const { dlopen, dlsym, dlerror } = this.#library.symbols, handle = dlopen(cString(name), FLAGS);
    if (!handle) return { fault: text(dlerror()) ?? "unknown" };
    return { address: (symbol) => dlsym(handle, cString(symbol)) };
  }

  /** Close the C library; what it has loaded stays. */
  [Symbol.dispose](): void {
    this.#library.close();
  }
}

function load(): Deno.DynamicLibrary<typeof SYMBOLS> {
  const faults: string[] = [];
  for (const name of NAMES) {
    try {
      return Deno.dlopen(name, SYMBOLS);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      faults.push(`${name} (${(error as Error).message})`);
    }
  }
  throw new MpiError(`Cannot load the C library, tried ${faults.join(", ")}`);
}

function text(pointer: Deno.PointerValue): string | undefined {
  return pointer ? new Deno.UnsafePointerView(pointer).getCString() : undefined;
}
