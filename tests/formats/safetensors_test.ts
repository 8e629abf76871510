import { assert, assertEquals, assertThrows } from "@std/assert";
import { FormatError, OptionError, ShapeError } from "../../src/errors.ts";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { type TensorSource, writeSafetensors } from "../../src/formats/safetensors_writer.ts";

/** A file with any header, valid or not. `length` is the header length that the file claims. */
function file(header: string | Uint8Array, data: number[] = [], length?: number): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const zeros = (n: number): number[] => new Array(n).fill(0);

/** The description of an F32 tensor of one dimension. */
const entry = (begin: number, end: number, shape = `[${(end - begin) / 4}]`) =>
  `{"dtype":"F32","shape":${shape},"data_offsets":[${begin},${end}]}`;

function refusal(bytes: Uint8Array, message: string): FormatError {
  const error = assertThrows(() => readSafetensors(bytes), FormatError, message);
  assert(error.message.startsWith(`Cannot read safetensors at byte ${error.offset}: expected `), error.message);
  return error;
}

function sources(): [string, TensorSource][] {
  return [
    ["rnn.weight_hh_l0", { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, NaN, -Infinity, -0) }],
    ["scalar", { shape: [], data: Float32Array.of(7) }],
    ["empty", { shape: [0, 4], data: new Float32Array(0) }],
    ['ü "quoted"\n', { shape: [1], data: Float32Array.of(1, 2, 3, 4).subarray(2, 3) }],
  ];
}

Deno.test("tensors and metadata are read as they were written", () => {
  const metadata = { format: "pt", "ключ": 'a "b"\n' };
  const bytes = writeSafetensors(sources(), metadata);
  const read = readSafetensors(bytes);
  assertEquals(read.metadata, metadata);
  assertEquals([...read.tensors.keys()], sources().map(([name]) => name));
  for (const [name, { shape, data }] of sources()) {
    assertEquals(read.tensors.get(name), {
      shape: [...shape],
      dtype: "F32",
      data: Float32Array.from(data as Float32Array),
    });
  }
  assertEquals(writeSafetensors([]), file("{}      "));
});

Deno.test("the written bytes are exact: metadata first, spaces up to a multiple of 8", () => {
  const header = '{"__metadata__":{"k":"v"},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},' +
    '"a":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]}}';
  const bytes = writeSafetensors([
    ["b", { shape: [1], data: Float32Array.of(1) }],
    ["a", { shape: [2, 1], data: Float32Array.of(2, -1) }],
  ], { k: "v" });
  const padded = header + " ".repeat(-header.length & 7);
  assertEquals(bytes, file(padded, [0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 128, 191]));
  assertEquals(padded.length % 8, 0);
});

Deno.test("the data starts at a multiple of 8 for any length of names", () => {
  for (let length = 1; length <= 9; length++) {
    const bytes = writeSafetensors([["n".repeat(length), { shape: [1], data: Float32Array.of(1) }]]);
    assertEquals(bytes.length % 8, 4);
  }
});

Deno.test("integers are read exactly", () => {
  const bytes = file(
    '{"i":{"dtype":"I32","shape":[1],"data_offsets":[0,4]},"l":{"dtype":"I64","shape":[2],"data_offsets":[4,20]}}',
    [254, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 128, 255, 255, 255, 255, 255, 255, 255, 127],
  );
  const { tensors } = readSafetensors(bytes);
  assertEquals(tensors.get("i"), { shape: [1], dtype: "I32", data: Int32Array.of(-2) });
  const data = BigInt64Array.of(1n - 2n ** 63n, 2n ** 63n - 1n);
  assertEquals(tensors.get("l"), { shape: [2], dtype: "I64", data });
});

Deno.test("unusual but valid files are read", () => {
  const none = readSafetensors(file("{}"));
  assertEquals([none.tensors.size, none.metadata], [0, {}]);

  // Data in another order than the header; names that are array indices or `__proto__`.
  const names = readSafetensors(file(`{"10":${entry(4, 8)},"9":${entry(0, 4)},"__proto__":${entry(8, 8)}}`, zeros(8)));
  assertEquals([...names.tensors.keys()], ["10", "9", "__proto__"]);

  // An empty tensor at the end of the data, but first in the header; an unknown field; white space.
  const header = `{ "e":${entry(4, 4, "[3,0]")},\n\t"a": {"x":[1.5,null],${entry(0, 4).slice(1)} } \n `;
  assertEquals([...readSafetensors(file(header, zeros(4))).tensors.keys()], ["e", "a"]);

  // An empty tensor where another tensor begins, behind it in the header.
  assertEquals(readSafetensors(file(`{"a":${entry(0, 4)},"e":${entry(0, 0)}}`, zeros(4))).tensors.size, 2);

  const { metadata } = readSafetensors(file('{"__metadata__":{"__proto__":"x"}}'));
  assertEquals(Object.entries(metadata), [["__proto__", "x"]]);
});

Deno.test("data may have any alignment, and is copied", () => {
  for (let pad = 0; pad < 8; pad++) {
    const bytes = file(`{"a":${entry(0, 4)}}${" ".repeat(pad)}`, [0, 0, 128, 63]);
    const shifted = new Uint8Array(bytes.length + pad);
    shifted.set(bytes, pad);
    const { data } = readSafetensors(shifted.subarray(pad)).tensors.get("a")!;
    shifted.fill(0);
    assertEquals(data, Float32Array.of(1));
    assertEquals(data.buffer.byteLength, 4);
  }
});

Deno.test("a file that is cut at any byte, or has bytes after the end, is refused", () => {
  const bytes = writeSafetensors(sources(), { a: "b" });
  for (let length = 0; length < bytes.length; length++) {
    const error = refusal(bytes.slice(0, length), "");
    assert(error.offset! <= length, `offset ${error.offset} of ${length}`);
  }
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  assertEquals(refusal(longer, "got 1 bytes of no tensor").offset, bytes.length);
});

Deno.test("a file with any one wrong byte is refused or read, and never fails otherwise", () => {
  const good = writeSafetensors(sources(), { a: "b" });
  const headerEnd = good.length - 8 * 4;
  for (let at = 0; at < headerEnd; at++) {
    for (const value of [0, 0x20, 0x22, 0x2c, 0x30, 0x39, 0x5c, 0x7b, 0x7d, 0xff]) {
      const bytes = good.slice();
      bytes[at] = value;
      try {
        readSafetensors(bytes);
      } catch (error) {
        assert(error instanceof FormatError, `byte ${at} = ${value}: ${error}`);
      }
    }
  }
});

Deno.test("an impossible header length is refused", () => {
  const header = `{"a":${entry(0, 4)}}`;
  assertEquals(refusal(file(header, zeros(4), 4096), "the rest of the file, got 4096").offset, 0);
  refusal(file(header, zeros(4), 100_000_001), "at most 100000000 bytes, got 100000001");
  refusal(file(header, zeros(4), 2 ** 62), "at most 100000000 bytes");
  refusal(file(header, zeros(4), 0), "the rest of the file, got 0");
  refusal(new Uint8Array(7), "at least 8 bytes, got 7");
});

Deno.test("a header that is not a JSON object in UTF-8 is refused", () => {
  assertEquals(refusal(file(` {"a":${entry(0, 4)}}`, zeros(4)), 'begins with "{", got byte 0x20').offset, 8);
  refusal(file("[]"), 'begins with "{"');
  assertEquals(refusal(file("{}\0\0"), "expected the end, got byte 0x00").offset, 10);
  assertEquals(refusal(file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x30, 0x7d)), "expected UTF-8").offset, 9);
  refusal(file(`{"a":${entry(0, 4)},}`, zeros(4)), "expected a string");
});

Deno.test("a duplicate key is refused, at every level", () => {
  const again = "expected a new key, got";
  refusal(file(`{"a":${entry(0, 4)},"a":${entry(0, 4)}}`, zeros(4)), `${again} "a" again`);
  refusal(file(`{"a":${entry(0, 4)},"\\u0061":${entry(0, 4)}}`, zeros(4)), `${again} "a" again`);
  refusal(file(`{"a":{"shape":[1],${entry(0, 4).slice(1)}}`, zeros(4)), `${again} "shape" again`);
  refusal(file('{"__metadata__":{"k":"1","k":"2"}}'), `${again} "k" again`);
  refusal(file('{"__metadata__":{},"__metadata__":{}}'), `${again} "__metadata__" again`);
});

Deno.test("an invalid description of a tensor is refused", () => {
  const cases: [string, string][] = [
    ["1", 'tensor "a" to be an object'],
    ['{"shape":[1],"data_offsets":[0,4]}', 'to have "dtype"'],
    ['{"dtype":"F32","data_offsets":[0,4]}', 'to have "shape"'],
    ['{"dtype":"F32","shape":[1]}', 'to have "data_offsets"'],
    [
      entry(0, 4).replace("F32", "F31"),
      "F64, F32, I64, U64, I32, U32, I16, U16, I8, U8, F16, BF16, BOOL, got an unknown type",
    ],
    [entry(0, 4).replace("F32", "toString"), "got an unknown type"],
    [entry(0, 4).replace('"F32"', "32"), "got an unknown type"],
    [entry(0, 4).replace("F32", "F8_E4M3"), "got F8_E4M3, which is not supported"],
    [entry(0, 4, "1"), 'the shape of tensor "a" to be a list'],
    [entry(0, 4, "[-1]"), "only integers"],
    [entry(0, 4, "[1.5]"), "only integers"],
    [entry(0, 4, "[1.0]"), "only integers"],
    [entry(0, 4, "[1e0]"), "only integers"],
    [entry(0, 0, "[-0]"), "only integers"],
    [entry(0, 4, '["1"]'), "only integers"],
    [entry(0, 4, "[[1]]"), "only integers"],
    [entry(0, 4, "[9007199254740993]"), "only integers"],
    [entry(0, 4, "[2]"), "expected 8 bytes"],
    [entry(0, 4, "[]").replace("[0,4]", "[0]"), "two data offsets"],
    [entry(0, 4).replace("[0,4]", "[0,4,4]"), "two data offsets"],
    [entry(0, 4).replace("[0,4]", "[4,0]"), "within the 4 bytes of data, got 4 to 0"],
    [entry(0, 8), "within the 4 bytes of data, got 0 to 8"],
  ];
  for (const [description, message] of cases) {
    const error = refusal(file(`{"a":${description}}`, zeros(4)), message);
    assert(error.offset! >= 13 && error.offset! < 13 + description.length);
  }
});

Deno.test("a shape whose product overflows is refused without an allocation", () => {
  refusal(file(`{"a":${entry(0, 0, "[4294967296,4294967296]")}}`), "by its shape, got 0");
  refusal(file(`{"a":${entry(0, 0, `[${new Array(40).fill(2 ** 52)}]`)}}`), "expected Infinity bytes");
  const huge = new Array(40).fill(2 ** 52);
  refusal(file(`{"a":${entry(0, 0, `[${[...huge, 0]}]`)}}`), "expected Infinity bytes"); // despite the factor 0
  assertEquals(readSafetensors(file(`{"a":${entry(0, 0, `[${[0, ...huge]}]`)}}`)).tensors.get("a")?.data.length, 0);
});

Deno.test("data of two tensors, and data of no tensor, is refused", () => {
  const two = (a: string, b: string, n: number) => file(`{"a":${a},"b":${b}}`, zeros(n));
  refusal(two(entry(0, 8), entry(4, 12), 12), 'tensor "b" to begin at 8, got an overlap at 4');
  refusal(two(entry(0, 4), entry(0, 4), 4), "got an overlap at 0");
  refusal(two(entry(0, 4), entry(8, 12), 12), 'tensor "b" to begin at 4, got a hole at 8');
  refusal(two(entry(0, 4), entry(2, 2), 4), "got an overlap at 2");
  refusal(file(`{"a":${entry(4, 8)}}`, zeros(8)), "got a hole at 4");
  refusal(file("{}", zeros(4)), "got 4 bytes of no tensor");
});

Deno.test("an error message has only the beginning of a long name", () => {
  const name = "n".repeat(1e6);
  for (const text of [`{"${name}":1}`, `{"${name}":${entry(0, 0)},"${name}":1}`]) {
    assert(refusal(file(text), `"${"n".repeat(200)}…"`).message.length < 400);
  }
});

Deno.test("metadata that is not text is refused", () => {
  refusal(file('{"__metadata__":null}'), '"__metadata__" to be an object');
  refusal(file('{"__metadata__":[]}'), '"__metadata__" to be an object');
  assertEquals(refusal(file('{"__metadata__":{"k":1}}'), 'metadata "k" to be a string').offset, 29);
});

Deno.test("a file that could not be read is not written", () => {
  const data = Float32Array.of(1, 2), tensor = { shape: [2], data };
  const write = (name: string, source: TensorSource) => () => writeSafetensors([[name, source]]);
  assertThrows(write("a", { shape: [3], data }), ShapeError, 'tensor "a" must have 3 elements for shape [3], got 2');
  assertThrows(write("a", { shape: [-2], data }), OptionError, '"shape of a" must be an integer >= 0, got -2');
  assertThrows(write("a", { shape: [2], data: [1, 2] as unknown as Float32Array }), ShapeError, "in a Float32Array");
  assertThrows(write("__metadata__", tensor), OptionError, 'expected a new name for each tensor, got "__metadata__"');
  assertThrows(() => writeSafetensors([["a", tensor], ["a", tensor]]), OptionError, 'got "a"');
  assertThrows(write("\ud800", tensor), OptionError, "must be Unicode text");
  assertThrows(() => writeSafetensors([], { k: "\ud800" }), OptionError, "must be Unicode text");
  assertThrows(() => writeSafetensors([], { k: 1 as unknown as string }), OptionError, "must be Unicode text, got 1");
});
