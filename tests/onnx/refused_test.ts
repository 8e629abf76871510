/** Invalid models and inputs are refused with an error of the library that names the fault and its place. */
import { assert, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { DisposedError, FormatError, ShapeError } from "../../mod.ts";
import { OnnxModel } from "../../onnx.ts";
import { encode } from "../../src/onnx/format/protobuf.ts";
import { MODEL } from "../../src/onnx/format/schema.ts";
import { MODELS } from "../support/onnx/models.ts";

const { bytes } = MODELS.find(({ name }) => name.startsWith("LSTM last"))!;

Deno.test("a file that is cut anywhere, or has a wrong byte, is refused or read, and never fails otherwise", () => {
  for (let i = 0; i < bytes.length; i++) {
    for (const broken of [bytes.slice(0, i), bytes.with(i, bytes[i] ^ (1 + i % 255))]) {
      try {
        OnnxModel.load(broken)[Symbol.dispose]();
      } catch (error) {
        assert(error instanceof FormatError || error instanceof ShapeError, `byte ${i}: ${error}`);
      }
    }
  }
  assertThrows(() => OnnxModel.load(bytes.slice(0, 1000)), FormatError, "at byte");
});

Deno.test("a file of another kind is named", () => {
  const refused = (start: string, message: string) => {
    const file = Uint8Array.from(start, (letter) => letter.charCodeAt(0));
    assertThrows(() => OnnxModel.load(file), FormatError, `Cannot read ONNX: expected a model, got ${message}`);
  };
  refused("", "an empty file");
  refused("\n<!doctype html><title>404", "a page of HTML");
  refused("version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS");
  refused("PK\x03\x04", "a zip file, such as .pt");
  refused("\x89HDF\r\n", "an HDF5 file");
});

/** A model of one node that reads x `[2, n]`. */
function single(operator: string, attribute: unknown[] = [], domain = ""): Uint8Array {
  const value = (name: string) => ({
    name,
    type: { tensor: { element: 1, shape: { dim: [{ size: 2 }, { symbol: "n" }] } } },
  });
  const node = [{ input: ["x"], output: ["y"], name: "first", operator, attribute, domain }];
  const graph = { node, name: "g", initializer: [], input: [value("x")], output: [value("y")] };
  return encode(MODEL, { irVersion: 8, graph, opset: [{ version: 17 }] });
}

Deno.test("unsupported operators and attributes are named", () => {
  const message = (bytes: Uint8Array) => assertThrows(() => OnnxModel.load(bytes), FormatError).message;
  assertStringIncludes(message(single("Einsum")), 'Einsum (node "first")');
  for (const control of ["Scan", "Loop", "If"]) {
    assertStringIncludes(message(single(control, [{ name: "body", type: 1 }])), `node "first" (${control}) must have`);
  }
  assertStringIncludes(message(single("Relu", [], "com.example")), "com.example.Relu");
  assertStringIncludes(message(single("Relu", [{ name: "leak", type: 2, int: 1 }])), "leak");
  assertStringIncludes(message(single("toString")), "toString");
});

Deno.test("all wrong inputs are listed; an error of shapes names the node", async () => {
  using model = OnnxModel.load(single("Relu"));
  const refused = async (inputs: Parameters<OnnxModel["run"]>[0], word: string) =>
    assertStringIncludes((await assertRejects(() => model.run(inputs), ShapeError)).message, word);
  await refused({}, '"x" is missing');
  await refused({ x: { shape: [2, 1], data: [1, 2] }, z: { shape: [], data: [1] } }, '"z" is not an input');
  await refused({ x: { shape: [3, 1], data: [1, 2, 3] } }, "shape [2, n]");
  await refused({ x: { shape: [2, 2], data: [1, 2, 3] } }, "3 elements");
  using transpose = OnnxModel.load(single("Transpose", [{ name: "perm", type: 7, ints: [0, 2] }]));
  const x = { shape: [2, 1], data: [1, 2] };
  assertStringIncludes(
    (await assertRejects(() => transpose.run({ x }), ShapeError)).message,
    'node "first" (Transpose)',
  );
  model[Symbol.dispose]();
  await assertRejects(() => model.run({ x }), DisposedError);
});
