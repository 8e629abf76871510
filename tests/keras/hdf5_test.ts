/** HDF5 files in the forms that h5py can write, compressed models, and files that claim much. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { unzipSync, zipSync } from "fflate";
import { FormatError } from "../../mod.ts";
import { readKeras, readKerasConfig, readKerasWeights } from "../../keras.ts";
import { Budget } from "../../src/formats/limits.ts";
import { Hdf5File } from "../../src/keras/files/hdf5_reader.ts";
import fixtures from "../fixtures/keras/hdf5.json" with { type: "json" };
import { attributeBomb, chunkedFile, sharedHeader } from "../support/keras/hdf5.ts";
import { caseNamed, unpacked } from "../support/keras/models.ts";
import { takeWork, within } from "../support/work.ts";

const read = (bytes: Uint8Array) => new Hdf5File("the file", bytes, new Budget("the file", bytes.length));

for (const { name, file, tensors, attributes } of fixtures.cases) {
  Deno.test(`HDF5, ${name}: tensors and attributes are those of h5py`, async () => {
    const hdf5 = read(await unpacked(file));
    assertEquals(new Set(hdf5.datasets()), new Set(Object.keys(tensors)));
    for (const [path, { shape, data }] of Object.entries(tensors)) {
      const expected = new Float32Array(Uint8Array.fromBase64(data).buffer);
      assertEquals(hdf5.tensor(path), { shape, data: expected }, path);
    }
    for (const [place, value] of Object.entries(attributes)) {
      const [path, key] = place.split("@");
      assertEquals(hdf5.attribute(path, key), value, place);
    }
    assertEquals(hdf5.attribute("", "no such"), undefined);
    assertEquals(hdf5.attribute("no/such", "name"), undefined);
    assertEquals(hdf5.tensor("no/such"), undefined);
  });
}

for (const [what, file] of Object.entries(fixtures.unsupported)) {
  Deno.test(`HDF5: ${what} is refused by name`, async () => {
    const bytes = await unpacked(file);
    const { message } = assertThrows(() => {
      const hdf5 = read(bytes);
      hdf5.datasets().forEach((path) => hdf5.tensor(path));
    }, FormatError);
    assertStringIncludes(message, `${what}`);
    assertStringIncludes(message, "is not supported");
  });
}

Deno.test("compressed models are read as uncompressed ones: .keras, .h5, .weights.h5, and the paths of Keras 2", async () => {
  const { name, ...files } = fixtures.model, { config, files: plain } = caseNamed(name);
  const { parameters } = readKeras(plain[".keras"]);
  const entries = unzipSync(plain[".keras"]);
  const weights = await unpacked(files[".weights.h5"]), old = await unpacked(files["Keras 2 .weights.h5"]);
  const zipped = (change: Record<string, Uint8Array>) => zipSync({ ...entries, ...change }, { level: 6 });
  const metadata = new TextEncoder().encode('{"keras_version": "2.15.0"}');
  const models = {
    "compressed .keras": readKeras(zipped({})),
    "compressed weights in a compressed .keras": readKeras(zipped({ "model.weights.h5": weights })),
    "a .keras of Keras 2": readKeras(zipped({ "model.weights.h5": old, "metadata.json": metadata })),
    "compressed .h5": readKeras(await unpacked(files[".h5"])),
    "compressed .weights.h5": readKerasConfig(config!, weights),
    ".weights.h5 of Keras 2": readKerasConfig(config!, old),
    "other weights": readKerasWeights(readKeras(plain[".keras"]), old),
    "an ArrayBuffer": readKeras(plain[".keras"].slice().buffer),
  };
  for (const [what, model] of Object.entries(models)) assertEquals(model.parameters, parameters, what);
});

/** Runs work that must be refused, and takes little of the machine. */
function assertRefused(what: string, length: number, work: () => unknown): Promise<Error> {
  return within(length, () => assertThrows(work, FormatError, "", what));
}

Deno.test("an attribute that claims millions of elements is refused at once, and nothing is printed", async () => {
  for (const [what, bytes] of await attributeBomb([10 ** 6, 2 ** 24, 2 ** 32, 2 ** 53, 2 ** 63])) {
    await assertRefused(what, bytes.length, () => readKeras(bytes));
    const hdf5 = read(bytes);
    await assertRefused(what, bytes.length, () => hdf5.attribute("", "bomb"));
  }
});

Deno.test("a compressed entry that claims another size, or too much, is refused at once", async () => {
  const entries = unzipSync(caseNamed("embedding").files[".keras"]);
  for (const size of [1e6, 4e7]) {
    const zeros = new Uint8Array(size);
    const bomb = zipSync({ ...entries, "model.weights.h5": zeros }, { level: 6 });
    await assertRefused(`${size} zeros`, bomb.length, () => readKeras(bomb));
    // The same entry with another size in the directory.
    for (const claim of [10, 1e5, 2 ** 32 - 1]) {
      const lie = bomb.slice(), view = new DataView(lie.buffer);
      for (let at = 0; at + 46 < lie.length; at++) {
        if (view.getUint32(at, true) !== 0x02014b50) continue;
        if (view.getUint32(at + 24, true) === size) view.setUint32(at + 24, claim, true);
      }
      await assertRefused(`${size} zeros as ${claim}`, lie.length, () => readKeras(lie));
    }
  }
});

Deno.test("a configuration that is long only when it is inflated is refused", async () => {
  const entries = unzipSync(caseNamed("embedding").files[".keras"]);
  const layers = new Array(200_000).fill({ class_name: "ReLU", config: {} });
  const configs = {
    "two million numbers": `[${"0,".repeat(1_900_000)}0]`,
    layers: JSON.stringify({ class_name: "Sequential", config: { layers } }),
  };
  for (const [what, config] of Object.entries(configs)) {
    const bomb = zipSync({ ...entries, "config.json": new TextEncoder().encode(config) }, { level: 9 });
    const { message } = await assertRefused(what, bomb.length, () => readKeras(bomb));
    assertStringIncludes(message, '"limits.bytes"');
  }
});

Deno.test("a column in thousands of chunks is read; the rows of one chunk are copied together", async () => {
  const data = Float32Array.from({ length: 400_000 }, (_, i) => i % 7);
  for (const rows of [20, 400_000]) {
    const bytes = await chunkedFile(data, rows);
    await takeWork();
    const tensor = read(bytes).tensor("x"), work = await takeWork();
    assertEquals(tensor, { shape: [400_000, 1], data });
    assert(rows < data.length || work < 5 * data.length, `${work} blocks for ${data.length} rows`);
  }
});

Deno.test("a header that thousands of groups share is refused", async () => {
  const bytes = sharedHeader();
  await assertRefused("a shared header", bytes.length, () => read(bytes).datasets());
});

Deno.test("a model beyond the limits is refused, and read with higher ones", () => {
  const file = caseNamed("embedding").files[".keras"];
  assertThrows(() => readKeras(file, { limits: { bytes: 1000 } }), FormatError, '"limits.bytes"');
  assertEquals(readKeras(file, { limits: { bytes: 1e9 } }).parameters, readKeras(file).parameters);
});
