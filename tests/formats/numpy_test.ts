/** Files of numpy.save and numpy.savez (see make_numpy.py): arrays of numbers are read, and nothing is unpickled. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { unzipSync, zipSync } from "fflate";
import { FormatError, OptionError } from "../../mod.ts";
import { readNpy, readNpz, type Tensor } from "../../numpy.ts";
import fixtures from "../fixtures/weights/numpy.json" with { type: "json" };

/** The type of elements by NumPy's kind and size. */
const typeOf = (dtype: string) => dtype === "b1" ? "BOOL" : dtype[0].toUpperCase() + 8 * Number(dtype[1]);

interface Plain {
  shape: number[];
  dtype: string;
  data: unknown[];
}

function assertArray(actual: Tensor, { shape, dtype, data }: Plain, name: string): void {
  assertEquals([actual.shape, actual.dtype], [shape, typeOf(dtype) as Tensor["dtype"]], name);
  assertEquals(Array.from(actual.data as ArrayLike<number>, Number), data.map(Number), name);
}

for (const form of ["npz", "compressed"] as const) {
  Deno.test(`all arrays of a file are read: ${form}`, () => {
    const read = readNpz(Uint8Array.fromBase64(fixtures[form]));
    assertEquals([...read.keys()], Object.keys(fixtures.arrays));
    for (const [name, array] of Object.entries(fixtures.arrays)) assertArray(read.get(name)!, array, name);
    assertEquals(read.get("large")!.data, BigInt64Array.of(-(2n ** 62n)));
  });
}

Deno.test("a file of one array is read", () => {
  for (const [name, { file, ...array }] of Object.entries(fixtures.npy)) {
    assertArray(readNpy(Uint8Array.fromBase64(file)), array, name);
  }
});

const REFUSED: Record<keyof typeof fixtures.refused, string> = {
  objects: "got Python objects, which are pickled and not read",
  texts: "got texts",
  bytes: "got texts",
  complex: "got complex numbers",
  records: "got records",
  dates: "got dates",
  "texts in npz": 'the array "words.npy" of the file of NumPy: expected floats, integers or booleans, got texts',
};

Deno.test("other elements are named", () => {
  for (const [name, message] of Object.entries(REFUSED)) {
    const file = Uint8Array.fromBase64(fixtures.refused[name as keyof typeof REFUSED]);
    const read = name.endsWith("npz") ? readNpz : readNpy;
    assertStringIncludes(assertThrows(() => read(file), FormatError).message, message);
  }
});

const text = (text: string) => new TextEncoder().encode(text);

/** A file `.npy` with any header and data. */
function npy(header: string, data = new Uint8Array(8), version = 1): Uint8Array<ArrayBuffer> {
  const size = version === 1 ? 2 : 4, bytes = new Uint8Array(8 + size + header.length + data.length);
  bytes.set([0x93, ...text("NUMPY"), version]);
  new DataView(bytes.buffer).setUint16(8, header.length, true);
  bytes.set(text(header), 8 + size);
  bytes.set(data, 8 + size + header.length);
  return bytes;
}
const head = (descr: string, shape: string, order = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

Deno.test("headers of any version, order of keys and spaces are read", () => {
  const expected = { shape: [2], dtype: "F32" as const, data: new Float32Array(2) };
  for (const version of [1, 2, 3]) assertEquals(readNpy(npy(head("<f4", "(2,)"), undefined, version)), expected);
  assertEquals(readNpy(npy("{ 'shape':(2 , ),'descr':'<f4' ,\n'fortran_order':False}   \n")), expected);
  assertEquals(readNpy(npy(head("|u1", "(2, 4)"))).shape, [2, 4]);
});

Deno.test("broken files are refused", () => {
  const refused = (bytes: Uint8Array, message: string) =>
    assertStringIncludes(assertThrows(() => readNpy(bytes), FormatError).message, message);
  refused(npy(head("<f4", "(3,)")), "expected 12 bytes for shape [3] of <f4, got 8");
  refused(npy(head("<f4", "(1,)")), "expected 4 bytes");
  refused(npy(head("<f4", "(9999999999999999,)")), "its shape is broken");
  refused(npy(head("<f4", "(1000000000, 1000000000, 1000000000)")), "expected 4e+27 bytes");
  refused(npy(head("<f4", "(-2,)")), "its header must have");
  refused(npy(head("<f4", "(2,,)")), "its shape is broken");
  refused(npy(head("<f16", "(1,)")), 'got another type ("<f16")');
  refused(npy(head("<V2", "(4,)")), "bfloat16: save it as float32");
  refused(npy(head("constructor", "(2,)")), "expected floats, integers or booleans");
  refused(npy("{'descr': '<f4', 'shape': (2,)}"), "its header must have descr, fortran_order and shape");
  refused(npy("{'descr': '<f4', 'descr': '<f4', 'shape': (2,)}"), "its header must have");
  refused(npy("__import__('os').system('ls')"), "its header must have");
  refused(npy(head("<f4", "(2,)"), undefined, 4), "expected version 1 to 3, got 4");
  refused(npy(" ".repeat(20_000)), "a header of at most 10000 bytes");
  refused(npy(head("<f4", "(2,)")).slice(0, 40), "a header of at most");
  refused(new Uint8Array(), "got an empty file");
  refused(text("hello"), "got other bytes");
  refused(zipSync({}), "got a zip file, such as .pt, .npz or .keras");
  for (const file of [1, "a", null] as never[]) assertThrows(() => readNpy(file), OptionError);
  const good = npy(head("<f4", "(2,)"));
  for (let i = 0; i < good.length; i++) {
    for (const bytes of [good.slice(0, i), good.with(i, good[i] ^ (1 + i % 255))]) {
      try {
        readNpy(bytes);
      } catch (error) {
        assert(error instanceof FormatError, `byte ${i}: ${error}`);
      }
    }
  }
});

Deno.test("a file .npz has arrays alone, within the limits", () => {
  const refused = (bytes: Uint8Array, message: string, limits = {}) =>
    assertStringIncludes(assertThrows(() => readNpz(bytes, { limits }), FormatError).message, message);
  refused(zipSync({ "a.txt": text("a") }), 'expected arrays alone, got the file "a.txt"');
  refused(npy(head("<f4", "(2,)")), "expected a zip file of numpy.savez, got a file .npy of NumPy");
  const zeros = npy(head("<f4", "(30000000,)"), new Uint8Array(120_000_000)), bomb = zipSync({ "w.npy": zeros });
  refused(bomb, 'raise "limits.bytes"');
  assertEquals(readNpz(bomb, { limits: { bytes: 1e9 } }).get("w")!.data.length, 30_000_000);
  const entries = unzipSync(Uint8Array.fromBase64(fixtures.npz));
  assertEquals(readNpz(zipSync(entries)).size, Object.keys(fixtures.arrays).length);
});
