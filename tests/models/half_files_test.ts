/** Models saved as F16. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { gru, LanguageModel, OptionError, readSafetensors } from "../../mod.ts";
import { SequenceClassifier } from "../../models.ts";
import { loadLanguageModel } from "../../run.ts";

const TEXT = "she sells sea shells by the sea shore. ".repeat(20);

Deno.test("save as F16: half the bytes, parameters rounded to nearest, the same model again", async () => {
  using model = await LanguageModel.create(TEXT, { cell: gru(), hidden: [64], embedding: 64, tied: true });
  const full = model.save(), half = model.save({ dtype: "F16" });
  assertEquals(model.save({ dtype: "F32" }), full);
  const header = full.length - 4 * model.size;
  assert(half.length <= header + 2 * model.size + 8, `${half.length} of ${full.length} bytes`);
  for (const { dtype } of readSafetensors(half).tensors.values()) assertEquals(dtype, "F16");
  using loaded = await LanguageModel.load(half);
  using runner = await loadLanguageModel(half);
  for (const [name, { data }] of model.parameters()) {
    const rounded = data.map(Math.f16round);
    assertEquals([loaded.parameters().get(name)!.data, runner.parameters().get(name)!.data], [rounded, rounded]);
  }
  assertEquals(loaded.save({ dtype: "F16" }), half, "a second rounding changes nothing");
  assertEquals(runner.save({ dtype: "F16" }), half);
  const write = async (one: { generate: typeof model.generate }) =>
    (await Array.fromAsync(one.generate({ prompt: "she", length: 20, seed: 1 }))).join("");
  assertEquals(await write(runner), await write(loaded));
});

Deno.test("a parameter beyond F16 is named, and so is an unknown type", async () => {
  using model = await SequenceClassifier.create({ cell: gru(), features: 3, labels: ["a", "b"], hidden: 4 });
  const parameters = model.parameters(), bias = parameters.get("decoder.bias")!;
  for (const [value, fits] of [[65504, true], [65519, true], [65520, false], [-1e9, false]] as const) {
    parameters.set("decoder.bias", { ...bias, data: Float32Array.of(value, 0) });
    model.parameters = () => parameters;
    const save = () => model.save({ dtype: "F16" });
    if (fits) assertEquals(Math.f16round(value), readSafetensors(save()).tensors.get("decoder.bias")!.data[0]);
    else assertThrows(save, OptionError, `"decoder.bias" must be below 65520, got ${value}`);
  }
  assertThrows(() => model.save({ dtype: "BF16" as "F16" }), OptionError, '"dtype" must be one of "F32", "F16"');
});
