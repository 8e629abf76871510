/** Models of TensorFlow.js that are large in names, layers or claims: work in proportion, and named errors. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { FormatError } from "../../../mod.ts";
import { type KerasModel, readTfjs, type ReadTfjsOptions } from "../../../tfjs.ts";
import { jsonFile } from "../../support/tfjs/models.ts";
import { within } from "../../support/work.ts";

interface Weight {
  name: string;
  shape: number[];
  dtype?: string;
  quantization?: object;
}

/** A model of layers and weights, whose numbers are zeros. */
function files(layers: object[], weights: Weight[], { paths = ["w"], bytes, ...more }: {
  paths?: string[];
  bytes?: number;
  [key: string]: unknown;
} = {}): Record<string, Uint8Array<ArrayBuffer>> {
  const config = { name: "s", layers, ...more };
  const model = { class_name: more.input_layers ? "Functional" : "Sequential", config };
  const all = weights.map((weight) => ({ dtype: "float32", ...weight }));
  const size = weights.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
  return {
    "model.json": jsonFile({ modelTopology: model, weightsManifest: [{ paths, weights: all }] }),
    w: new Uint8Array(bytes ?? size),
  };
}

const lengthOf = (files: Record<string, Uint8Array>) =>
  Object.values(files).reduce((sum, { length }) => sum + length, 0);

const read = (files: Record<string, Uint8Array>, options?: ReadTfjsOptions): Promise<KerasModel> => {
  return within(lengthOf(files), () => readTfjs((path) => files[path], "model.json", options));
};
const refused = (files: Record<string, Uint8Array>): Promise<FormatError> => {
  return within(lengthOf(files), () => assertRejects(() => readTfjs((path) => files[path]), FormatError));
};

const N = 5000;
const first = { batch_input_shape: [null, null, 1] };
const dense = (name: string, i: number, more: object = {}) => ({
  class_name: "Dense",
  config: { name, units: 1, ...(i ? {} : first), ...more },
});
const parameters = (
  name: string,
): Weight[] => [{ name: `${name}/kernel`, shape: [1, 1] }, { name: `${name}/bias`, shape: [1] }];
const numbers = Array.from({ length: N }, (_, i) => i);

Deno.test("thousands of layers with their weights are read: by name, under a model's name, all frozen", async () => {
  for (const prefix of ["", "sequential/", "outer/inner/"]) {
    const layers = numbers.map((i) => dense(`d${i}`, i, { trainable: false }));
    const { frozen } = await read(files(layers, numbers.flatMap((i) => parameters(`${prefix}d${i}`))));
    assertEquals(frozen.length, 2 * N);
  }
});

Deno.test("thousands of layers of one name, of names with one part in common, of none", async () => {
  await read(files(numbers.map((i) => ({ class_name: "ReLU", config: { name: "d", ...(i ? {} : first) } })), []));
  const same = numbers.map((i) => dense("d", i));
  await refused(files(same, numbers.flatMap((i) => parameters(`d/${i}`))));
  await refused(files(same, numbers.flatMap((i) => [{ name: `d/x${i}`, shape: [] }])));
  await refused(files([dense("d", 0)], numbers.flatMap((i) => parameters(`d${i}`))));
  const deep = "a/".repeat(100_000);
  await refused(files([dense("a", 0)], [{ name: `${deep}kernel`, shape: [1, 1] }]));
});

Deno.test("thousands of cells in one layer, and a chain of thousands of layers", async () => {
  const cell = { class_name: "LSTMCell", config: { units: 1 } };
  const layer = { class_name: "RNN", config: { name: "r", cell: numbers.map(() => cell), ...first } };
  await refused(files([layer], numbers.map((i) => ({ name: `r/x${i}`, shape: [] }))));
  const chain = numbers.map((i) => ({
    class_name: i ? "ReLU" : "InputLayer",
    name: `l${i}`,
    config: { name: `l${i}`, ...(i ? {} : first) },
    inbound_nodes: i ? [[[`l${i - 1}`, 0, 0, {}]]] : [],
  }));
  const ends = { input_layers: [["l0", 0, 0]], output_layers: [[`l${N - 1}`, 0, 0]] };
  assertEquals((await read(files(chain, [], ends))).parameters.size, 0);
});

Deno.test("weights that claim more than the files have, or list one file many times, are refused", async () => {
  for (const shape of [[2 ** 30], [2 ** 53 - 1, 2 ** 53 - 1], new Array(1000).fill(2 ** 30), [2 ** 53 - 1, 0]]) {
    await refused(files([dense("d", 0)], [{ name: "d/kernel", shape }], { bytes: 8 }));
  }
  const paths = new Array(100_000).fill("w");
  const error = await refused(
    files([dense("d", 0)], [{ name: "d/kernel", shape: [2.5e9] }], { paths, bytes: 100_000 }),
  );
  assert(error.message.includes('"limits.bytes"'), error.message);
  await refused(files([dense("d", 0)], new Array(N).fill({ name: "d/kernel", shape: [1, 1] })));
});

Deno.test("higher limits read more, lower ones less", async () => {
  const small = files([dense("d", 0)], parameters("d"));
  await read(small);
  await assertRejects(() => read(small, { limits: { bytes: 1 } }), FormatError, "more than 1 bytes");
});
