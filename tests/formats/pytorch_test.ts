/** Files of torch.save (see make_pytorch.py): their tensors are read, and nothing else is unpickled. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { unzipSync, zipSync } from "fflate";
import { compile, dense, FormatError, lstm, OptionError, recurrent, sequential } from "../../mod.ts";
import { readPytorch, type ReadPytorchOptions, type Tensor } from "../../pytorch.ts";
import fixtures from "../fixtures/weights/pytorch.json" with { type: "json" };

const DTYPES: Readonly<Record<string, string>> = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint8: "U8",
  bool: "BOOL",
  uint16: "U16",
  uint32: "U32",
  uint64: "U64",
};

const fileOf = (name: string) => Uint8Array.fromBase64(fixtures.cases.find((one) => one.name === name)!.file);

/** The elements as the fixtures have them: texts beyond 2^53. */
function plain({ shape, dtype, data }: Tensor) {
  const numbers = Array.from(data as ArrayLike<number | bigint>, (x) => Number(x));
  return {
    shape: [...shape],
    dtype,
    data: dtype.startsWith("BF") || dtype === "F16" ? numbers.map(Math.fround) : numbers,
  };
}

for (const { name, file, key, tensors } of fixtures.cases) {
  Deno.test(`the tensors of a file of PyTorch are read: ${name}`, () => {
    const read = readPytorch(Uint8Array.fromBase64(file), key ? { key } : {});
    assertEquals([...read.keys()], Object.keys(tensors));
    for (const [name, { shape, dtype, data }] of Object.entries(tensors)) {
      assertEquals(plain(read.get(name)!), { shape, dtype: DTYPES[dtype] as never, data: data.map(Number) }, name);
    }
  });
}

Deno.test("64-bit integers are exact", () => {
  const file = readPytorch(fileOf("views of any strides"));
  assertEquals(file.get("negative")!.data, BigInt64Array.of(-(2n ** 62n)));
});

Deno.test("a state dict becomes the parameters of a session", async () => {
  const net = sequential({ lstm: recurrent(lstm(), { input: 2, hidden: 3, bidirectional: true }), fc: dense(6, 2) });
  using session = await compile(net, { batch: 1, steps: 2 });
  assertEquals(session.setParameters(readPytorch(fileOf("a checkpoint"))), { missing: [], unexpected: [] });
});

const refused = (bytes: Uint8Array, message: string, options: ReadPytorchOptions = {}) =>
  assertStringIncludes(assertThrows(() => readPytorch(bytes, options), FormatError).message, message);

const REFUSED: Record<keyof typeof fixtures.refused, string> = {
  "a net": 'it has "__main__.Net", and nothing but tensors, numbers and texts is unpickled; save net.state_dict()',
  numpy: 'multiarray.scalar", and nothing but tensors',
  old: "PyTorch before 1.6 has written it; save it again",
  several: 'several dictionaries of tensors: choose one of "a", "b" as "key"',
  none: "it has no tensors",
  tensor: "it is one tensor, expected a state dict",
  list: "expected a state dict",
  complex: "ComplexFloatStorage",
  quantized: "_rebuild_qtensor",
  sparse: "_rebuild_sparse_tensor",
  script: "it is a program of torch.jit.save; save its state_dict()",
};

for (const [name, message] of Object.entries(REFUSED)) {
  Deno.test(`what is no state dict is refused with what to do: ${name}`, () => {
    refused(Uint8Array.fromBase64(fixtures.refused[name as keyof typeof REFUSED]), message);
  });
}

Deno.test("files of other kinds are named", () => {
  const text = (text: string) => new TextEncoder().encode(text);
  refused(new Uint8Array(), "got an empty file");
  refused(text("<!DOCTYPE html><html>"), "a page of HTML: the server has no such file");
  refused(text("version https://git-lfs.github.com/spec/v1\n"), "a pointer of Git LFS");
  refused(text('12345678{"w":'), "a file of safetensors");
  refused(text("hello"), "got other bytes");
  refused(zipSync({ "a.txt": text("a") }), "one without data.pkl");
  for (const file of [1, "a", null] as never[]) assertThrows(() => readPytorch(file), OptionError);
  refused(fileOf("a key"), '"key" is "c", and the dictionaries of tensors are "a", "b"', { key: "c" });
});

/** A file with another pickle, or other entries. */
function withPickle(pickle: ArrayLike<number>, more: Record<string, Uint8Array> = {}): Uint8Array {
  return zipSync({ "x/data.pkl": Uint8Array.from(pickle), "x/data/0": new Uint8Array(8), ...more }, { level: 0 });
}

/** The operations of a pickle, from texts and bytes. */
const ops = (...parts: (string | number)[]) =>
  parts.flatMap((part) => typeof part === "number" ? [part] : [...new TextEncoder().encode(part)]);
const short = (text: string) => [0x8c, text.length, ...new TextEncoder().encode(text)];

/** A state dict of one tensor "w". */
function oneTensor(
  { key = "0", storage = "torch FloatStorage", offset = 0, shape = [2], strides = [1] } = {},
): number[] {
  const [module, name] = storage.split(" ");
  const list = (numbers: readonly number[]) => [0x28, ...numbers.flatMap(integer), 0x74];
  return [
    ...ops("}", ...short("w"), "ctorch._utils\n_rebuild_tensor_v2\n", "(", "(", ...short("storage")),
    ...ops("c", `${module}\n${name}\n`, ...short(key), ...short("cpu"), ...integer(2), "t", "Q"),
    ...integer(offset),
    ...list(shape),
    ...list(strides),
    ...ops(0x89, "}", "t", "R", "s", "."),
  ];
}
const integer = (n: number) => [0x8a, 8, ...new Uint8Array(BigInt64Array.of(BigInt(n)).buffer)];

Deno.test("a tensor must lie in its storage", () => {
  assertEquals(readPytorch(withPickle(oneTensor())).get("w")!.data, new Float32Array(2));
  refused(withPickle(oneTensor({ key: "1" })), 'the storage "1", which is missing');
  refused(withPickle(oneTensor({ offset: 1 })), 'tensor "w" ends at byte 12 of its storage, which has 8 bytes');
  refused(withPickle(oneTensor({ shape: [3] })), "ends at byte 12");
  refused(withPickle(oneTensor({ strides: [2] })), "ends at byte 12");
  refused(withPickle(oneTensor({ storage: "torch DoubleStorage" })), "ends at byte 16");
  for (const wrong of [{ offset: -1 }, { shape: [-1] }, { strides: [-1] }, { strides: [1, 1] }]) {
    refused(withPickle(oneTensor(wrong)), "the arguments of a tensor are wrong");
  }
  refused(withPickle(oneTensor({ storage: "torch float32" })), '"torch.float32" is no storage');
  refused(withPickle(oneTensor(), { "x/byteorder": new TextEncoder().encode("big") }), 'in the order "big"');
  refused(withPickle(oneTensor(), { "y/data.pkl": new Uint8Array(1) }), "without data.pkl");
});

Deno.test("a small file cannot become a huge tensor", () => {
  const huge = withPickle(oneTensor({ shape: [2 ** 20, 2 ** 20], strides: [0, 0] }));
  refused(huge, 'raise "limits.bytes"');
  refused(withPickle(oneTensor({ shape: [2 ** 53 - 1, 2 ** 53 - 1, 0], strides: [1, 1, 1] })), "the file of PyTorch", {
    limits: { bytes: 10 },
  });
  const repeated = withPickle(oneTensor({ shape: [1000, 2], strides: [0, 1] }));
  assertEquals(readPytorch(repeated).get("w")!.data.length, 2000);
  refused(repeated, "limits.bytes", { limits: { bytes: 10_000 } });
});

Deno.test("nothing of a pickle is called or made but tensors", () => {
  const evil = ["posix\nsystem", "builtins\neval", "builtins\nexec", "torch\nload", "torch.storage\n_load_from_bytes"]
    .concat("collections\nCounter", "__main__\nx", "constructor\nconstructor", "__proto__\n__proto__");
  for (const name of evil) {
    const what = `it has "${name.replace("\n", ".")}"`;
    refused(withPickle(ops("}", `c${name}\n`, "(", ...short("ls"), "t", "R", "s", ".")), what);
    const [module, called] = name.split("\n");
    refused(withPickle(ops("}", ...short(module), ...short(called), 0x93, ")", "R", ".")), what);
  }
  // The operations of other protocols that make objects: INST, OBJ, NEWOBJ, NEWOBJ_EX, EXT1, REDUCE of a type.
  for (const code of [0x69, 0x6f, 0x81, 0x92, 0x82]) {
    refused(withPickle(ops("}", code, ".")), `the operation 0x${code.toString(16)} is not supported`);
  }
  refused(withPickle(ops("ctorch\nFloatStorage\n", ")", "R", ".")), '"torch.FloatStorage" is called');
  refused(withPickle(ops("}", "}", "R", ".")), "a call is wrong");
  // Attributes of a dictionary are passed over; those of anything else are refused.
  assertEquals(readPytorch(withPickle([...oneTensor().slice(0, -1), ...ops("}", "b", ".")])).size, 1);
  refused(withPickle(ops("]", "}", "b", ".")), "no container");
});

Deno.test("a broken pickle is refused with its place", () => {
  const good = oneTensor();
  for (let i = 0; i < good.length; i++) {
    for (const pickle of [good.slice(0, i), good.with(i, good[i] ^ (1 + i % 255))]) {
      try {
        readPytorch(withPickle(pickle));
      } catch (error) {
        assert(error instanceof FormatError, `byte ${i}: ${error}`);
      }
    }
  }
  refused(withPickle(good.slice(0, 3)), "at byte 3 of its pickle: it is cut off");
  refused(withPickle(ops("h", 5, ".")), "nothing is remembered as 5");
  refused(withPickle(ops("}", "}", ".")), "it has not one value");
  refused(withPickle(ops("(", "}", ".")), "it has not one value");
  refused(withPickle(ops("}", "(", "N", "u", ".")), "a key has no value");
  refused(withPickle(ops("t", ".")), "there is no mark");
  refused(withPickle(ops(0x8c, 1, 255, ".")), "a text is not UTF-8");
});

Deno.test("a compressed archive is read too", () => {
  const entries = unzipSync(fileOf("a state dict"));
  assertEquals(readPytorch(zipSync(entries, { level: 9 })), readPytorch(fileOf("a state dict")));
});
