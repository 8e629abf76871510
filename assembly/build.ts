/**
 * Compile the kernels: `deno task build` writes the wasm modules as TypeScript (deflated, base64), so that importing them needs
 * no permission and works from a URL; `deno task build:check` rebuilds and compares the bytes with the committed ones.
 *
 * The modules of a file stand there cut into their functions, which take turns: a function of the relaxed module
 * is much like its twin, and deflate sees no further back than 32 KiB (37.1 KB apart, 23.4 KB together). `Builds` in
 * src/kernels/builds.ts puts them together again.
 */
import asc from "assemblyscript/asc";
import { deflateAsync } from "@gfx/zopfli";
import binaryen from "binaryen";
import { inflateRawSync } from "node:zlib";

/** How a module is compiled: see madd.ts and wide_tile.ts. */
interface Build {
  relaxed: boolean;
  wide: boolean;
}

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
 * One page is declared as the least memory: V8's check of an access at a constant offset is then one comparison instead of two
 * (gemm 41 -> 46 GFLOP/s; Granite Rapids, Deno 2.9.6, 2026-11-22). With a most, 2 GiB, sharing the memory between threads
 * is one flag in the module (src/kernels/load.ts). `stub` and `noAssert` leave no runtime behind.
 *
 * The passes are those of -O3 that clean up and shrink, without the one that moves assignments to their use (simplify-locals): it
 * mixes the unrolled steps of the products, so that V8 runs out of registers (84 -> 75 % of the limit).
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
 * All functions but those of the products and of the random numbers then have assignments moved to their use after all:
 * of the deflated pair of modules 24.2 -> 21.2 KB, and gates backward 8 to 12 % faster, adam 5 % slower, most others
 * equal (EPYC Milan, Deno 2.9.6, 2026-11-27). With the passes of -Oz it would be 20.4 KB, and sums of squares four times
 * as slow. Random numbers stay as they are: of their last, partly stored vectors V8 11.3 (Node 20), where it has no AVX,
 * would make wrong ones in its first tier.
 */
const SHRINKING = ["simplify-locals-nostructure", "vacuum", "coalesce-locals", "reorder-locals", "vacuum"];
const KEPT = /^(gemm|gemm_tn|tile|wide_tile|random)\//;

async function compile(entry: string, { relaxed, wide }: Build): Promise<Uint8Array> {
  const binary: { bytes?: Uint8Array } = {};
  const own = ["--use", `WIDE_TILES=${Number(wide)}`, ...(relaxed ? ["--enable", "relaxed-simd"] : [])];
  const { error, stderr } = await asc.main(
    [entry, ...FLAGS, ...own, "--outFile", "out.wasm"],
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

/** The module without names, its functions smaller where that costs nothing. */
function shrink(bytes: Uint8Array): Uint8Array {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(binaryen.Features.All);
  binaryen.setDebugInfo(false);
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const f = module.getFunctionByIndex(i), { name, base } = binaryen.getFunctionInfo(f);
    if (!base && !KEPT.test(name)) module.runPassesOnFunction(f, SHRINKING);
  }
  return module.emitBinary();
}

/** A module cut at its functions: all that stands before the first, the functions, all that stands behind the last. */
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

/** The modules piece by piece in turn; where one has fewer functions, its last pieces are empty. */
function encode(modules: Uint8Array[]): { lengths: number[]; bytes: Uint8Array } {
  const cut = modules.map(pieces), most = Math.max(...cut.map(({ length }) => length)), empty = new Uint8Array();
  const all = Array.from({ length: most }, (_, i) => cut.map((own) => own[i] ?? empty)).flat();
  return { lengths: all.map(({ length }) => length), bytes: Uint8Array.from(all.flatMap((piece) => [...piece])) };
}

/** Zopfli deflates all kernels to 18.8 KB, zlib to 19.9. */
async function text({ lengths, bytes }: { lengths: number[]; bytes: Uint8Array }): Promise<string> {
  const deflated = (await deflateAsync(bytes, {})).toBase64();
  return `// Generated by assembly/build.ts: wasm modules, ${bytes.length} bytes in all, their pieces in turn, deflated.\n` +
    `export default { lengths: [${lengths}], deflated: "${deflated}" };\n`;
}

/** What a file holds that `text` wrote. Compared is this: deflated bytes differ between compressors and their versions. */
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
