/**
 * Compile the kernels. `deno task build` writes the wasm modules as TypeScript (deflated, base64), so that importing
 * them needs no permission and works from a URL. `deno task build:check` compiles them and compares the bytes with the
 * committed ones.
 *
 * A file holds its modules in pieces, function by function in turn: a function of the relaxed module resembles the same
 * function of the plain module, and deflate looks back no further than 32 KiB (37.1 KB one module after the other,
 * 23.4 KB in turn). `Builds` in src/kernels/builds.ts joins the pieces.
 */
import asc from "assemblyscript/asc";
import { deflateAsync } from "@gfx/zopfli";
import binaryen from "binaryen";
import { inflateRawSync } from "node:zlib";

/** The variant of a module: see madd.ts and wide_tile.ts. */
interface Build {
  relaxed: boolean;
  wide: boolean;
}

/** A file of modules. */
interface Source {
  entry: string;
  output: string;
  builds: Build[];
}

const PLAIN = { relaxed: false, wide: false }, RELAXED = { relaxed: true, wide: false };

const SOURCES: Source[] = [
  { entry: "index.ts", output: "../src/kernels/generated/all.ts", builds: [PLAIN, RELAXED] },
  { entry: "index_inference.ts", output: "../src/kernels/generated/inference.ts", builds: [PLAIN, RELAXED] },
  { entry: "index.ts", output: "../src/kernels/generated/wide.ts", builds: [{ relaxed: true, wide: true }] },
  { entry: "peak.ts", output: "../bench/generated/peak.ts", builds: [PLAIN, RELAXED] },
];

/**
 * The module declares a minimum memory of one page: V8 then checks an access at a constant offset by one comparison
 * instead of two (gemm 41 -> 46 GFLOP/s; Granite Rapids, Deno 2.9.6, 2026-11-22). It declares a maximum, 2 GiB, so that
 * one flag in the module shares the memory between threads (src/kernels/builds.ts). `stub` and `noAssert` leave no
 * runtime in the module.
 *
 * The passes are those of -O3 that clean up and shrink, except the pass that moves assignments to their use
 * (simplify-locals): it mixes the unrolled steps of the products, so that V8 runs out of registers (84 -> 75 % of the
 * limit).
 */
const PASSES = ["precompute-propagate", "vacuum", "dce", "remove-unused-brs", "remove-unused-names", "merge-blocks"]
  .concat(["optimize-instructions", "coalesce-locals", "vacuum", "reorder-locals", "merge-blocks"]);
const FLAGS = ["--runtime", "stub", "--importMemory", "--noExportMemory", "--initialMemory", "1"]
  .concat([
    "--maximumMemory",
    "32768",
    "--noAssert",
    "-O0",
    "--runPasses",
    PASSES.join(),
    "--enable",
    "simd",
    "--debug",
  ]);

/**
 * These passes move assignments to their use after all, in every function outside the products and the random numbers:
 * the deflated pair of modules shrinks 24.2 -> 21.2 KB, gates backward are 8 to 12 % faster, adam is 5 % slower, most
 * others are equal (EPYC Milan, Deno 2.9.6, 2026-11-27). The passes of -Oz would give 20.4 KB, and sums of squares four
 * times as slow. Random numbers are excepted because V8 11.3 (Node 20) without AVX, in its first tier, then computes
 * wrong values in their last, partly stored vectors.
 */
const SHRINKING = ["simplify-locals-nostructure", "vacuum", "coalesce-locals", "reorder-locals", "vacuum"];
const UNSHRUNK = /^(gemm|gemm_tn|tile|wide_tile|random)\//;

async function compile(entry: string, { relaxed, wide }: Build): Promise<Uint8Array> {
  const binary: { bytes?: Uint8Array } = {};
  const variant = ["--use", `WIDE_TILES=${Number(wide)}`, ...(relaxed ? ["--enable", "relaxed-simd"] : [])];
  const { error, stderr } = await asc.main(
    [entry, ...FLAGS, ...variant, "--outFile", "out.wasm"],
    {
      readFile: (name: string) => {
        try {
          return Deno.readTextFileSync(new URL(name, import.meta.url));
        } catch {
          return null;
        }
      },
      writeFile: (_name: string, contents: string | Uint8Array) => {
        if (contents instanceof Uint8Array) binary.bytes = contents;
      },
      listFiles: () => [],
    },
  );
  if (error || !binary.bytes) throw new Error(`Cannot compile ${entry}: ${error?.message}\n${stderr}`);
  return shrink(binary.bytes);
}

/** The module without names, with `SHRINKING` run on all functions but those of `UNSHRUNK`. */
function shrink(bytes: Uint8Array): Uint8Array {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(binaryen.Features.All);
  binaryen.setDebugInfo(false);
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const f = module.getFunctionByIndex(i), { name, base } = binaryen.getFunctionInfo(f);
    if (!base && !UNSHRUNK.test(name)) module.runPassesOnFunction(f, SHRINKING);
  }
  return module.emitBinary();
}

/** The pieces of a module: the bytes before the first function, each function, the bytes behind the last. */
function pieces(module: Uint8Array): Uint8Array[] {
  const CODE = 10; // the section that holds the functions
  let at = 8; // behind magic number and version
  const number = () => { // LEB128, unsigned
    for (let value = 0, shift = 0;; shift += 7) {
      const byte = module[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  for (let size = 0; module[at] !== CODE; at += size) at++, size = number();
  at++, number();
  const count = number(), found = [module.subarray(0, at)];
  for (let i = 0; i < count; i++) {
    const start = at, size = number();
    found.push(module.subarray(start, at += size));
  }
  return [...found, module.subarray(at)];
}

/** The pieces of all modules in turn. A module with fewer functions ends in empty pieces. */
function encode(modules: Uint8Array[]): { lengths: number[]; bytes: Uint8Array } {
  const pieced = modules.map(pieces);
  const most = Math.max(...pieced.map(({ length }) => length));
  const empty = new Uint8Array();
  const all = Array.from({ length: most }, (_, i) => pieced.map((module) => module[i] ?? empty)).flat();
  return { lengths: all.map(({ length }) => length), bytes: Uint8Array.from(all.flatMap((piece) => [...piece])) };
}

/** The text of a file of modules. Zopfli deflates all kernels to 18.8 KB, zlib to 19.9. */
async function text({ lengths, bytes }: { lengths: number[]; bytes: Uint8Array }): Promise<string> {
  const deflated = (await deflateAsync(bytes, {})).toBase64();
  const header = `wasm modules, ${bytes.length} bytes in all, their pieces in turn, deflated.`;
  const value = `{ lengths: [${lengths}], deflated: "${deflated}" }`;
  return `// Generated by assembly/build.ts: ${header}\nexport default ${value};\n`;
}

/**
 * The bytes in a file that `text` wrote. The check compares these, since deflated bytes differ between compressors and
 * their versions.
 */
async function committed(url: URL): Promise<{ lengths: number[]; bytes: Uint8Array }> {
  const { default: { lengths, deflated } } = await import(url.href);
  return { lengths, bytes: inflateRawSync(Uint8Array.from(atob(deflated), (c) => c.charCodeAt(0))) };
}

const check = Deno.args.includes("--check");
let stale = 0;
for (const { entry, output, builds } of SOURCES) {
  const modules = await Promise.all(builds.map((build) => compile(entry, build)));
  const encoded = encode(modules), url = new URL(output, import.meta.url), name = output.slice(3);
  if (!check) {
    await Deno.mkdir(new URL("./", url), { recursive: true });
    await Deno.writeTextFile(url, await text(encoded));
    console.log(`${name}: ${modules.map(({ length }) => length).join(" and ")} bytes of wasm`);
    continue;
  }
  const old = await committed(url).catch(() => ({ lengths: [], bytes: new Uint8Array() }));
  const same = old.lengths.join() === encoded.lengths.join() && old.bytes.length === encoded.bytes.length &&
    old.bytes.every((value, i) => value === encoded.bytes[i]);
  if (!same) stale++;
  console.log(`${name}: ${same ? "up to date" : "differs from the source; run deno task build"}`);
}
Deno.exit(stale ? 1 : 0);
