import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertClose, readCases } from "../support/conformance/read_cases.ts";

/** Tensors that a case of each kind must have. */
const REQUIRED: Record<string, string[]> = {
  rnn_layer: ["x", "dY", "dh_n", "weight_ih_l0", "weight_hh_l0", "output", "h_n", "grad.x", "grad.weight_hh_l0"],
  training: ["tokens", "rnn.weight_ih_l0", "decoder.weight", "loss", "grad_norm", "after1.decoder.bias"],
  cross_entropy: ["logits", "targets", "loss", "grad.logits"],
  clip_grad_norm: ["g0", "total_norm", "clipped.g0"],
  clip_grad_value: ["g0", "clipped.g0"],
};

Deno.test("every case has the tensors of its kind", () => {
  const cases = readCases();
  assertEquals(new Set(cases.map(({ name }) => name)).size, cases.length);
  assertEquals(new Set(cases.map(({ kind }) => kind)), new Set(Object.keys(REQUIRED)));
  for (const { name, kind, tensors } of cases) {
    for (const tensor of REQUIRED[kind]) assert(tensors().has(tensor), `${name} has no ${tensor}`);
    assert(tensors() === tensors());
  }
});

Deno.test("every file has its case", () => {
  const files = readCases().map(({ file }) => file).sort();
  const present = [...Deno.readDirSync(new URL("../fixtures/", import.meta.url))].map(({ name }) => name);
  assertEquals(present.filter((name) => name.endsWith(".safetensors")).sort(), files);
});

Deno.test("names, shapes and both kinds of integers come out", () => {
  const gru = readCases().find(({ name }) => name === "gru")!;
  assertEquals(gru.tensors().shape("weight_ih_l0"), [3 * gru.config.hidden_size, gru.config.input_size]);
  assertEquals(gru.tensors().names("grad.").sort(), [
    "bias_hh_l0",
    "bias_ih_l0",
    "h0",
    "weight_hh_l0",
    "weight_ih_l0",
    "x",
  ]);
  for (const { config, tensors } of readCases().filter(({ kind }) => kind === "training")) {
    const tokens = tensors().ints("tokens");
    assertEquals(tensors().shape("tokens"), [config.steps, config.seq_len + 1, config.batch]);
    assert(tokens.every((token) => token >= 0 && token < config.vocab));
    assertThrows(() => tensors().floats("tokens"), Error, "not F32");
  }
  assertThrows(() => gru.tensors().ints("x"), Error, "not integers");
  assertThrows(() => gru.tensors().shape("c0"), Error, "No tensor c0");
});

Deno.test("the linear parts of the cases are what they say", () => {
  for (const { config, tensors, tolerance, kind } of readCases()) {
    if (kind === "clip_grad_value") {
      const limit = config.clip_value;
      const clamped = tensors().floats("g0").map((g) => Math.min(Math.max(g, -limit), limit));
      assertClose(clamped, tensors().floats("clipped.g0"), tolerance, "clamped");
    } else if (kind === "clip_grad_norm") {
      const [norm] = tensors().floats("total_norm");
      const factor = Math.min(1, config.max_norm / (norm + 1e-6));
      const scaled = tensors().floats("g3").map((g) => g * factor);
      assertClose(scaled, tensors().floats("clipped.g3"), tolerance, "scaled");
    } else if (kind === "rnn_layer" && !config.bidirectional && !config.batch_first) {
      const size = (config.batch ?? 1) * config.hidden_size, output = tensors().floats("output");
      assertEquals(tensors().floats("h_n").slice(-size), output.slice(-size));
    }
  }
});

Deno.test("assertClose sees differences in value, in length, and NaN", () => {
  const tolerance = { atol: 0.1, rtol: 0.1 };
  assertClose([1.19, 0.09], [1, 0], tolerance, "these");
  assertThrows(() => assertClose([1.21], [1], tolerance, "this"), Error, "this: element 0 is 1.21, expected 1");
  assertThrows(() => assertClose([NaN], [1], tolerance, "this"), Error, "NaN");
  assertThrows(() => assertClose([1], [1, 1], tolerance, "this"), Error, "1 elements, expected 2");
});
