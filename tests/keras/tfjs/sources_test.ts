/** Models wherever TensorFlow.js keeps them: downloads, forms, IndexedDB, memory. */
import { assertEquals, assertRejects } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { compile, dense, FormatError, OptionError } from "../../../mod.ts";
import { type KerasModel, readTfjs, type TfjsSource, writeTfjs } from "../../../tfjs.ts";
import { assertOutputs } from "../../support/keras/outputs.ts";
import { caseNamed, jsonFile } from "../../support/tfjs/models.ts";

await tf.setBackend("cpu");
const { layers: l } = tf, B = 2, T = 3, I = 4;

/** A model with layers that do something in training only, and its outputs. */
const model = tf.sequential({
  layers: [
    l.gaussianNoise({ stddev: 0.5, batchInputShape: [null, null, I] }),
    l.lstm({ units: 3, returnSequences: true }),
    l.spatialDropout1d({ rate: 0.3 }),
    l.gaussianDropout({ rate: 0.3 }),
    l.alphaDropout({ rate: 0.3 }),
    l.timeDistributed({ layer: l.gaussianNoise({ stddev: 1 }) }),
    l.maxPooling1d({ poolSize: 1 }),
    l.dense({ units: 2 }),
  ],
});
model.compile({ loss: "meanSquaredError", optimizer: "adam" });
const data = Float32Array.from({ length: B * T * I }, (_, i) => Math.sin(i)), x = tf.tensor(data, [B, T, I]);
await model.fit(x, tf.zeros([B, T, 2]), { verbose: 0 }); // the optimizer has moments
const outputs = (model.predict(x) as tf.Tensor).dataSync() as Float32Array;

const assertSame = (read: KerasModel) =>
  assertOutputs(read, { name: "model", B, T, sets: [{ x: data, y: [outputs] }] });

/** What `save` gives its handler. */
async function saved(options?: tf.io.SaveConfig): Promise<tf.io.ModelArtifacts> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  const modelArtifactsInfo = { dateSaved: new Date(0), modelTopologyType: "JSON" as const };
  await model.save(
    tf.io.withSaveHandler((given) => (artifacts = given, Promise.resolve({ modelArtifactsInfo }))),
    options,
  );
  return artifacts!;
}

Deno.test("the artefacts of a model are read from memory, with or without an optimizer, and from IndexedDB", async () => {
  const artifacts = await saved();
  await assertSame(await readTfjs(artifacts as TfjsSource));
  await assertSame(await readTfjs(await saved({ includeOptimizer: true }) as TfjsSource));
  await assertSame(await readTfjs({ modelPath: "m", modelArtifacts: artifacts } as TfjsSource));
  const { weightData } = artifacts, bytes = weightData as ArrayBuffer;
  for (const weightData of [new Uint8Array(bytes), [bytes.slice(0, 10), bytes.slice(10)]]) {
    await assertSame(await readTfjs({ ...artifacts, weightData } as TfjsSource));
  }
});

/** The files of a browser's `save("downloads://NAME")`: TensorFlow.js writes them into links of the page. */
async function downloads(name: string): Promise<File[]> {
  const files: File[] = [], blobs: Blob[] = [], page = globalThis as Record<string, unknown>;
  const createObjectURL = URL.createObjectURL, before = { ...page };
  const link = () => {
    const a = {
      href: "",
      download: "",
      dispatchEvent: () => files.push(new File([blobs[Number(a.href)]], a.download)),
    };
    return a;
  };
  Object.assign(page, { window: globalThis, document: { createElement: link }, MouseEvent: class {} });
  URL.createObjectURL = (blob) => String(blobs.push(blob as Blob) - 1);
  tf.env().set("IS_BROWSER", true);
  try {
    await model.save(`downloads://${name}`);
  } finally {
    tf.env().set("IS_BROWSER", false);
    URL.createObjectURL = createObjectURL;
    for (const key of ["window", "document", "MouseEvent"]) {
      if (key in before) page[key] = before[key];
      else delete page[key];
    }
  }
  return files;
}

Deno.test("downloads are read as the user picks them", async () => {
  const files = await downloads("m");
  assertEquals(files.map(({ name }) => name).sort(), ["m.json", "m.weights.bin"]);
  await assertSame(await readTfjs(files));
  await assertSame(await readTfjs(files.toReversed(), "m.json"));
  // A browser numbers a file when there is one of its name.
  const renamed = files.map((file) => new File([file], file.name.replace(".", " (1).")));
  await assertSame(await readTfjs(renamed));
  const [json, weights] = files.toSorted((a, b) => a.name < b.name ? -1 : 1);
  await assertRejects(
    () => readTfjs([weights]),
    FormatError,
    'one file .json among the picked ones, got "m.weights.bin"',
  );
  await assertRejects(() => readTfjs([json]), FormatError, '"m.weights.bin": it is not among the picked files');
  await assertRejects(() => readTfjs([json, new File([json], "b.json")]), FormatError, "one file .json");
  await assertRejects(() => readTfjs([]), FormatError, "got none");
  // By path, as a function would: the paths begin with "./".
  const byPath = Object.fromEntries(files.map((file) => [file.name, file]));
  await assertSame(await readTfjs((path) => byPath[path], "m.json"));
});

Deno.test("the form that a model is sent in is read", async () => {
  let form: FormData | undefined;
  const fetchFunc = ((_: string, { body }: RequestInit) => {
    form = body as FormData;
    return Promise.resolve(new Response("ok"));
  }) as typeof fetch;
  await model.save(tf.io.http("http://localhost/model", { fetchFunc }));
  const files = [...form!.values()] as File[];
  assertEquals(files.map(({ name }) => name), ["model.json", "model.weights.bin"]);
  await assertSame(await readTfjs(files));
  // And served again: a function may return what fetch returns.
  const serve = (path: string) => Promise.resolve(new Response(files.find(({ name }) => name === path)));
  await assertSame(await readTfjs(serve));
  const missing = () => Promise.resolve(new Response("<html>", { status: 404 }));
  await assertRejects(() => readTfjs(missing), FormatError, '"model.json": the server answers 404');
});

Deno.test("the files of writeTfjs are read as they are", async () => {
  const net = dense(3, 2);
  using session = await compile(net, { batch: 1, steps: 1 });
  const read = await readTfjs(writeTfjs(net, session.parameters()));
  assertEquals([...read.parameters.values()].map(({ shape }) => [...shape]), [[2, 3], [2]]);
});

Deno.test("what is no model is refused", async () => {
  const refused = (source: unknown, message: string) =>
    assertRejects(() => readTfjs(source as TfjsSource), FormatError, message);
  const artifacts = await saved();
  await refused({}, '"modelTopology" is missing');
  await refused({ ...artifacts, modelTopology: { node: [] } }, "operators instead of layers");
  await refused({ ...artifacts, modelTopology: new ArrayBuffer(8) }, "operators instead of layers");
  await refused({ ...artifacts, modelTopology: { self: 1n } }, "it is no JSON");
  await refused({ ...artifacts, weightData: undefined }, "got 0");
  await refused(new Map(), '"model.json"');
  await refused(new Map([["model.json", new TextEncoder().encode("<!DOCTYPE html>")]]), "JSON, got a page of HTML");
  for (const source of [undefined, null, 3, "model.json"]) {
    await assertRejects(() => readTfjs(source as never), OptionError, "expected a function, files, or a model");
  }
});

Deno.test("layers that are passed over only where they do nothing say so", async () => {
  const { files } = caseNamed("embedding, steps"), text = new TextDecoder().decode(files["model.json"]);
  const refused = async (layer: object, message: string, at: number) => {
    const json = JSON.parse(text), { layers } = json.modelTopology.config;
    layers.splice(at, 0, layer);
    const all: typeof files = { ...files, "model.json": jsonFile(json) };
    await assertRejects(() => readTfjs((path) => all[path]), FormatError, message);
  };
  const layer = (class_name: string, config: object) => ({ class_name, config: { name: "still", ...config } });
  await refused(layer("MaxPooling1D", { pool_size: [2], strides: [2] }), 'does nothing, with "pool_size" 1', 1);
  await refused(layer("MaxPooling1D", { pool_size: [1], strides: [2] }), 'does nothing, with "pool_size" 1', 1);
  await refused(layer("ZeroPadding1D", { padding: [0, 1] }), 'does nothing, with "padding" 0', 1);
  await refused(layer("ZeroPadding1D", { padding: [0, 0] }), "it ends the mask", 1);
});
