/** Models whose tensors are in files beside them, as PyTorch writes them when it gets no option but a name. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { compile, FormatError, OptionError } from "../../mod.ts";
import { FileError, filesBeside } from "../../files.ts";
import { type OnnxExternal, OnnxModel } from "../../onnx.ts";
import { decode, encode } from "../../src/onnx/format/protobuf.ts";
import { MODEL, type ModelMessage, type TensorMessage } from "../../src/onnx/format/schema.ts";
import exported from "../fixtures/onnx/external.json" with { type: "json" };
import { assertClose } from "../support/conformance/read_cases.ts";
import { Folder } from "../support/files/folder.ts";

const bytes = Uint8Array.fromBase64(exported.files["m.onnx"]);
const NAME = "m.onnx.data", data = Uint8Array.fromBase64(exported.files[NAME]);

/** The model with other places of its tensors. */
function placed(change: (tensor: TensorMessage, i: number) => unknown): Uint8Array {
  const model = decode(MODEL, bytes) as unknown as ModelMessage;
  model.graph!.initializer.filter(({ location }) => location === 1).forEach(change);
  return encode(MODEL, model as never);
}

/** The model whose first tensor is elsewhere. */
function at(values: Record<string, string | undefined>): Uint8Array {
  return placed((tensor, i) => {
    if (i) return;
    for (const [key, value] of Object.entries(values)) {
      tensor.external = tensor.external!.filter((entry) => entry.key !== key);
      if (value !== undefined) tensor.external.push({ key, value });
    }
  });
}

const refused = (external: OnnxExternal | undefined, message: string, file: Uint8Array = bytes) =>
  assertStringIncludes(assertThrows(() => OnnxModel.load(file, { external }), FormatError).message, message);

const EXTERNAL: Record<string, OnnxExternal> = {
  "the one file": data,
  "its buffer": data.buffer,
  "a map": new Map([[NAME, data]]),
  "an object": { [NAME]: data },
  "a function": (name) => name === NAME ? data : new Uint8Array(),
};

for (const [what, external] of Object.entries(EXTERNAL)) {
  Deno.test(`PyTorch's default export has PyTorch's outputs: external is ${what}`, async () => {
    using model = OnnxModel.load(bytes, { external });
    const { x: input } = { x: { shape: [2, 6, 5], data: exported.x } };
    const [output] = Object.values(await model.run({ [model.inputs[0].name]: input }));
    assertClose(output.data, Float32Array.from(exported.y), { atol: 1e-6, rtol: 1e-6 }, "output");
    const { layer, parameters, batchFirst } = model.net();
    using session = await compile(layer, { batch: 2, steps: 6, batchFirst });
    session.setParameters(parameters);
    assertClose(session.forward(exported.x), Float32Array.from(exported.y), { atol: 1e-6, rtol: 1e-6 }, "net");
  });
}

Deno.test("filesBeside reads what is beside a model, and nothing else", () => {
  using folder = new Folder();
  const models = folder.file("models"), path = `${models}/m.onnx`;
  Deno.mkdirSync(`${models}/deep`, { recursive: true });
  const contents = { [path]: bytes, [`${models}/${NAME}`]: data, [`${models}/deep/more`]: data };
  for (const [file, content] of Object.entries(contents)) Deno.writeFileSync(file, content);
  Deno.writeFileSync(folder.file("secret"), data);
  Deno.symlinkSync(folder.file("secret"), `${models}/link`);
  const read = filesBeside(path);
  OnnxModel.load(bytes, { external: read }).dispose();
  assertEquals(read("deep/more").length, data.length);
  for (const name of ["../secret", folder.file("secret"), "deep/../../secret", "link", "deep", "none", "", "."]) {
    assertThrows(() => read(name), FileError, "Cannot read");
  }
  // A cache keeps the files side by side elsewhere, and links to them where the model lies.
  Deno.mkdirSync(folder.file("snapshot"));
  for (const name of ["m.onnx", NAME]) Deno.symlinkSync(`${models}/${name}`, folder.file(`snapshot/${name}`));
  assertEquals(filesBeside(folder.file("snapshot/m.onnx"))(NAME), data);
});

Deno.test("a file that is missing is named", () => {
  refused(undefined, `"val_41" has its elements in another file, "${NAME}": pass its bytes as the option "external"`);
  refused({ other: data }, `"external" does not have it, expected "${NAME}"`);
  refused(new Map(), `"external" does not have it, expected "${NAME}"`);
  refused((() => undefined) as never, `"external" does not have it`);
  const two = at({ location: "b.data" });
  refused(data, `several files, "b.data", "${NAME}": pass them by name`, two);
  refused({ [NAME]: data }, `"b.data": "external" does not have it`, two);
  OnnxModel.load(two, { external: { [NAME]: data, "b.data": data } }).dispose();
  // A name of every object is no file.
  refused({}, "does not have it", at({ location: "constructor" }));
});

Deno.test("a file outside of the model's folder is not read", () => {
  const asked: string[] = [];
  const read = (name: string) => (asked.push(name), data);
  for (
    const location of ["../m", "/etc/passwd", "a/../../m", "http://host/m", "C:\\m", "a\\..\\m", "", "a//b", undefined]
  ) {
    refused(read, "must be in a file beside the model or below it", at({ location }));
  }
  assertEquals(asked, []);
  OnnxModel.load(at({ location: `./${NAME}` }), { external: read }).dispose();
  assertEquals(asked, [NAME]);
});

Deno.test("places outside of the file, and lengths that are not those of the shape, are refused", () => {
  const OFFSETS = ["-1", "1.5", "x", "1e2", "9007199254740993", String(data.length - 639)];
  for (const offset of OFFSETS) refused(data, `got offset ${offset}`, at({ offset }));
  for (const length of ["639", "644", "0", "-640"]) refused(data, `and length ${length}`, at({ length }));
  refused(data.subarray(0, 1000), 'must have 1024 bytes in "m.onnx.data", which has 1000 bytes');
  // Without an offset and a length, the elements begin with the file and are as many as the shape says.
  OnnxModel.load(at({ offset: undefined, length: undefined }), { external: data }).dispose();
});

Deno.test("what a tensor takes of a file beside the model counts", () => {
  const file = placed((tensor) => tensor.external!.find(({ key }) => key === "offset")!.value = "0");
  // The bytes of two tensors are the same: what they make of these is counted each time.
  OnnxModel.load(file, { external: data }).dispose();
  assertThrows(() => OnnxModel.load(file, { external: data, limits: { bytes: 20_000 } }), FormatError, "limits.bytes");
  const huge = at({ length: undefined });
  const model = decode(MODEL, huge) as unknown as ModelMessage;
  model.graph!.initializer.find(({ location }) => location === 1)!.dims = [2 ** 20, 2 ** 20];
  refused(data, "must have 4398046511104 bytes", encode(MODEL, model as never));
});

Deno.test("a value that is no file is refused", () => {
  for (const external of [1, "m", null, Promise.resolve(data)] as never[]) {
    assertThrows(() => OnnxModel.load(bytes, { external }), OptionError, '"external" must be');
  }
  // deno-lint-ignore require-await -- as fetch would be
  const later = (async () => data) as never;
  assertThrows(() => OnnxModel.load(bytes, { external: later }), FormatError, 'is "await" missing?');
});
