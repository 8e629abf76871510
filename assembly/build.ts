/**
 * Compile the kernels. `deno task build` writes the wasm modules as TypeScript (LZMA, base64), so that importing them
 * needs no permission and works from a URL. `deno task build:check` compiles them and compares the bytes with the
 * committed ones.
 *
 * A module holds both builds, `"fast"` and `"exact"`: see madd.ts. `moduleBytes` of src/kernels/builds.ts unpacks it
 * and makes one of them.
 */
import asc from "assemblyscript/asc";
import binaryen from "binaryen";
import lzma from "lzma/src/lzma_worker.js";
import { replaceMarks } from "../src/kernels/builds.ts";
import { unpackLzma } from "../src/kernels/lzma.ts";

/** A file with a module. */
interface Source {
  entry: string;
  output: string;
  /** Whether the products are those of wide_tile.ts. */
  wide?: boolean;
}

const SOURCES: Source[] = [
  { entry: "index.ts", output: "../src/kernels/generated/all.ts" },
  { entry: "index_inference.ts", output: "../src/kernels/generated/inference.ts" },
  { entry: "index.ts", output: "../src/kernels/generated/wide.ts", wide: true },
  { entry: "peak.ts", output: "../bench/generated/peak.ts" },
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
 * the pair of modules, deflated, shrinks 24.2 -> 21.2 KB, gates backward are 8 to 12 % faster, adam is 5 % slower, most
 * others are equal (EPYC Milan, Deno 2.9.6, 2026-11-27). The passes of -Oz would give 20.4 KB, and sums of squares four
 * times as slow. Random numbers are excepted because V8 11.3 (Node 20) without AVX, in its first tier, then computes
 * wrong values in their last, partly stored vectors.
 */
const SHRINKING = ["simplify-locals-nostructure", "vacuum", "coalesce-locals", "reorder-locals", "vacuum"];
const UNSHRUNK = /^(gemm|gemm_tn|tile|wide_tile|random)\//;

async function compile({ entry, wide }: Source): Promise<Uint8Array> {
  const binary: { bytes?: Uint8Array } = {};
  const { error, stderr } = await asc.main(
    [entry, ...FLAGS, "--use", `WIDE_TILES=${Number(wide ?? false)}`, "--outFile", "out.wasm"],
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
  const bytes = shrink(binary.bytes);
  requireMarks(bytes);
  return bytes;
}

/** Check that both builds follow from a module: that its marks, and nothing else, are replaced. */
function requireMarks(bytes: Uint8Array): void {
  const names = { min: "mul", max: "add" } as const;
  const wat = text(bytes),
    exact = text(replaceMarks(bytes.slice(), false)),
    fast = text(replaceMarks(bytes.slice(), true));
  const sums = [...wat.matchAll(/\(f32x4\.max\n *(\S+)/g)],
    count = (all: string, word: string) => all.split(word).length - 1;
  const isPaired = sums.every(([, first]) => first === "(f32x4.min") && sums.length === count(wat, "f32x4.min");
  const isExact =
    wat.replaceAll(/f32x4\.(min|max)/g, (_, name: keyof typeof names) => `f32x4.${names[name]}`) === exact;
  const isFast = count(fast, "f32x4.relaxed_") === sums.length && !/f32x4\.(min|max)/.test(fast);
  if (!isPaired || !isExact || !isFast) throw new Error("Cannot make both builds of the module: see madd.ts");
}

/** A module as text. */
function text(bytes: Uint8Array): string {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(binaryen.Features.All);
  return module.emitText();
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

/** The text of a file with a module. */
function source(module: Uint8Array): string {
  const packed = Uint8Array.from(lzma.LZMA.compress(module, 9)).toBase64();
  return `// Generated by assembly/build.ts\nexport default { size: ${module.length}, packed: "${packed}" };\n`;
}

/** The module in a file that `source` wrote. The check compares these, since packed bytes differ between packers. */
async function committed(url: URL): Promise<Uint8Array> {
  const { default: { size, packed } } = await import(url.href);
  return unpackLzma(Uint8Array.fromBase64(packed), size);
}

const check = Deno.args.includes("--check");
let stale = 0;
for (const file of SOURCES) {
  const module = await compile(file), url = new URL(file.output, import.meta.url), name = file.output.slice(3);
  if (!check) {
    await Deno.mkdir(new URL("./", url), { recursive: true });
    await Deno.writeTextFile(url, source(module));
    console.log(`${name}: ${module.length} bytes of wasm`);
    continue;
  }
  const old = await committed(url).catch(() => new Uint8Array());
  const same = old.length === module.length && old.every((value, i) => value === module[i]);
  if (!same) stale++;
  console.log(`${name}: ${same ? "up to date" : "differs from the source; run deno task build"}`);
}
Deno.exit(stale ? 1 : 0);
