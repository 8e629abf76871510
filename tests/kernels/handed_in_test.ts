/** Kernels that a program hands in: option `kernels` of everything that computes. */
import { assertEquals, assertRejects } from "@std/assert";
import { load } from "../../inference.ts";
import { compile, type KernelOptions, LanguageModel, OptionError } from "../../mod.ts";
import { OnnxModel, writeOnnx } from "../../onnx.ts";
import { writeWasm } from "../../package/wasm.ts";
import { loadLanguageModel } from "../../run.ts";
import { wide } from "../../wide.ts";
import { streamedNet } from "../support/streamed_net.ts";

const folder = await Deno.makeTempDir();
await writeWasm(folder);

async function file(name: string): Promise<WebAssembly.Module> {
  return await WebAssembly.compile(await Deno.readFile(`${folder}/${name}`));
}

const exact = await file("exact.wasm"), fast = await file("fast.wasm");
const ofInference = await file("inference_exact.wasm");
await Deno.remove(folder, { recursive: true });

const SIZE = { batch: 1, steps: 9, seed: 2 };
const X = Float32Array.from({ length: 9 }, (_, i) => (i % 5) / 4 - 0.5);

async function outputs(options: KernelOptions): Promise<number[]> {
  using session = await compile(streamedNet(), { ...SIZE, ...options });
  return [...session.forward(X)];
}

Deno.test("a module, a promise of one and a build give the bits of the numerics that they are built for", async () => {
  const want = await outputs({ numerics: "exact" }), fused = await outputs({});
  for (const kernels of [exact, Promise.resolve(exact), { module: () => Promise.resolve(exact) }]) {
    assertEquals(await outputs({ kernels }), want);
    assertEquals(await outputs({ kernels, numerics: "exact" }), want);
  }
  assertEquals(await outputs({ kernels: fast }), fused);
  assertEquals(await outputs({ kernels: wide }), await outputs({ numerics: wide }));
  assertEquals(await outputs({ kernels: exact, numerics: "fast" }), want, "the module computes");
});

Deno.test("load, models and ONNX models take modules", async () => {
  const counted = new Map<string, number>();
  const counting = (name: string) => ({
    module: () => {
      counted.set(name, (counted.get(name) ?? 0) + 1);
      return Promise.resolve(exact);
    },
  });
  using session = await compile(streamedNet(), { ...SIZE, kernels: counting("compile") });
  const tensors = session.parameters(), sizes = { batch: 1, steps: 9 };
  for (const kernels of [exact, ofInference, counting("load")]) {
    using loaded = await load(streamedNet(), tensors, { ...sizes, kernels });
    assertEquals(loaded.forward(X), session.forward(X));
  }
  using model = await LanguageModel.create("abcabc", { hidden: 3, kernels: counting("create") });
  await model.fit("abcabcabc", { batch: 1, unroll: 3, epochs: 1 });
  using same = await LanguageModel.load(model.save(), { kernels: counting("LanguageModel.load") });
  using runner = await loadLanguageModel(model.save(), { kernels: counting("loadLanguageModel") });
  const options = { prompt: "a", length: 5, seed: 1 };
  assertEquals(await same.write(options), await runner.write(options));
  using onnx = OnnxModel.load(writeOnnx(streamedNet(), tensors), { kernels: counting("onnx") });
  await onnx.run(Object.fromEntries(onnx.inputs.map(({ name, shape }) => {
    const sizes = shape!.map((n) => typeof n === "number" ? n : 1);
    return [name, { shape: sizes, data: new Float32Array(sizes.reduce((a, b) => a * b, 1)) }];
  })));
  const used = ["LanguageModel.load", "compile", "create", "load", "loadLanguageModel", "onnx"];
  assertEquals([...counted.keys()].sort(), used);
});

Deno.test("what is no module, or not the module that is needed, is refused by an error that names kernels", async () => {
  const nothing = await WebAssembly.compile(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  const refused: [KernelOptions, string][] = [
    [{ kernels: "exact" as never }, '"kernels" must be a WebAssembly.Module'],
    [{ kernels: Promise.resolve({}) as never }, '"kernels" must be a WebAssembly.Module'],
    [
      { kernels: { module: () => Promise.resolve(new Uint8Array(9)) } as never },
      '"kernels" must be a WebAssembly.Module',
    ],
    [{ kernels: nothing }, '"kernels" must be a module with all kernels'],
    [{ kernels: ofInference }, 'it has no "'],
    [{ kernels: fast, numerics: "exact" }, '"kernels" must be exact.wasm'],
    [{ kernels: exact, threads: 2 } as KernelOptions, '"threads" must be 1'],
  ];
  for (const [options, message] of refused) await assertRejects(() => outputs(options), OptionError, message);
});
