/**
 * A written model has the outputs of the net in Keras, which is tested where Keras is installed, and the same
 * parameters when it is read again.
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import {
  compile,
  dense,
  embedding,
  gru,
  type Layer,
  OptionError,
  recurrent,
  sequential,
  type TensorCopy,
} from "../../mod.ts";
import { residual } from "../../layers.ts";
import {
  type KerasOptions,
  readKeras,
  readKerasParameters,
  readKerasWeights,
  writeKeras,
  writeKerasWeights,
} from "../../keras.ts";
import { assertClose } from "../support/conformance/read_cases.ts";
import { findPython, runPython } from "../support/python.ts";
import { MODELS } from "../support/keras/models.ts";
import { NETS } from "../support/keras/nets.ts";

const TOLERANCE = { atol: 2e-6, rtol: 2e-6 };
const B = 3, T = 5;

Deno.env.set("KERAS_BACKEND", "torch");
const python = await findPython(["keras", "torch", "h5py"]);

interface WrittenCase {
  readonly name: string;
  readonly layer: Layer;
  readonly parameters: ReadonlyMap<string, TensorCopy>;
  readonly options: KerasOptions;
  readonly x: Float32Array;
}

const ALL = { ...NETS, "GRU": sequential({ rnn: recurrent(gru(), { input: 4, hidden: 5, layers: 2 }) }) };
/** The first cases are nets of the library. */
const NET_COUNT = Object.keys(ALL).length;

/** Nets of the library and models that were read, among them both kinds of GRU. */
async function cases(): Promise<WrittenCase[]> {
  const nets = await Promise.all(
    Object.entries(ALL).map(async ([name, layer]) => {
      using session = await compile(layer, { batch: 1, steps: 1, seed: 2 });
      const { kind, width } = layer.input, values = kind === "values", last = layer.output.steps === "one";
      const x = Float32Array.from(
        { length: B * T * (values ? width : 1) },
        (_, i) => values ? (i * 7 % 13) / 13 - 0.4 : i % T < 3 ? 1 + i % 6 : 0,
      );
      const options: KerasOptions = { head: last ? "sigmoid" : undefined, padding: last && !values ? 0 : undefined };
      return { name, layer, parameters: session.parameters(), options, x };
    }),
  );
  const read = MODELS.filter(({ name }) => !/against time|two outputs/.test(name)).map(
    ({ name, files, sets: [{ x }] }) => {
      const model = readKeras(files[".keras"]);
      return { name, layer: model.layer, parameters: model.parameters, options: model, x };
    },
  );
  return [...nets, ...read];
}

const written = await cases();

for (const { name, layer, parameters, options } of written) {
  Deno.test(`a .keras file is read as it was written: ${name}`, async () => {
    const bytes = await writeKeras(layer, parameters, options), again = readKeras(bytes);
    const { head, padding, stateful = false } = options;
    assertEquals([again.head, again.padding, again.stateful], [head, padding, stateful]);
    const twice = readKeras(await writeKeras(again.layer, again.parameters, again));
    assertEquals(twice.parameters, again.parameters);
    assertEquals(
      readKerasWeights(again, await writeKerasWeights(layer, parameters, options)).parameters,
      again.parameters,
    );
  });
}

Deno.test({
  name: `Keras computes the outputs of a session${python.program ? "" : ` (not tested: ${python.why})`}`,
  ignore: !python.program,
  async fn() {
    const folder = new URL(`file://${await Deno.makeTempDir()}/`),
      file = (i: number, end: string) => new URL(`${i}${end}`, folder);
    try {
      // All nets of the library, and a third of the models that were read.
      const tried = [...written.entries()].filter(([i]) => i < NET_COUNT || i % 3 === 0);
      const shapes = tried.map(([i, { layer, x }]) => {
        return [i, [B, T, ...(layer.input.kind === "values" ? [x.length / (B * T)] : [])]];
      });
      await Deno.writeTextFile(new URL("cases.json", folder), JSON.stringify(Object.fromEntries(shapes)));
      for (const [i, { layer, parameters, options, x }] of tried) {
        await Deno.writeFile(file(i, ".keras"), await writeKeras(layer, parameters, options));
        await Deno.writeFile(file(i, ".weights.h5"), await writeKerasWeights(layer, parameters, options));
        await Deno.writeFile(file(i, ".x"), new Uint8Array(x.buffer, x.byteOffset, x.byteLength));
      }
      const script = fileURLToPath(new URL("../support/programs/read_keras_models.py", import.meta.url));
      const { code, errors } = await runPython(python.program!, [script, fileURLToPath(folder)]);
      assertEquals(code, 0, errors);
      for (const [i, { name, layer, parameters, options, x }] of tried) {
        const model = readKeras(await writeKeras(layer, parameters, options));
        using session = await compile(layer, { batch: B, steps: T, batchFirst: true, numerics: "exact" });
        session.setParameters(parameters);
        const lengths = model.lengths(x, B), output = model.predictions(session.forward(x, { lengths }));
        for (const end of [".y", ".w"]) {
          const keras = new Float32Array((await Deno.readFile(file(i, end))).buffer);
          if (lengths && layer.output.steps !== "one") copyPadding(keras, lengths, output);
          assertClose(keras, output, TOLERANCE, name + end);
        }
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/**
 * Copies the steps behind the lengths of rows: Keras repeats the last step there, a session outputs zeros before the
 * head.
 */
function copyPadding(keras: Float32Array, lengths: Int32Array, session: Float32Array): void {
  const width = keras.length / (B * T);
  lengths.forEach((length, b) => {
    for (let i = (b * T + length) * width; i < (b + 1) * T * width; i++) keras[i] = session[i];
  });
}

for (const { name, layer, parameters, options } of written) {
  Deno.test(`a .weights.h5 file has the parameters of the net: ${name}`, async () => {
    const read = readKerasParameters(layer, await writeKerasWeights(layer, parameters, options), options);
    assertEquals([...read.keys()].sort(), [...parameters.keys()].sort());
    // Two biases become their sum, except in a GRU with reset "after".
    assertEquals(summed(read), summed(parameters));
  });
}

/** Parameters by name, the two biases of a cell as their sum. */
function summed(parameters: WrittenCase["parameters"]): Record<string, Float32Array> {
  return Object.fromEntries(
    [...parameters].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([name, { data }]) => {
      if (name.includes("bias_hh")) return [];
      const other = name.includes("bias_ih") ? parameters.get(name.replace("_ih", "_hh"))?.data : undefined;
      return [[name, data.map((value, i) => value + (other?.[i] ?? 0))]];
    }),
  );
}

Deno.test("a tied tensor is written for each of its names", async () => {
  const net = sequential({
    embedding: embedding(5, 4),
    rnn: recurrent(gru(), { input: 4, hidden: 4 }),
    out: dense(4, 5),
  }, {
    tied: { "out.weight": "embedding.weight" },
  });
  using session = await compile(net, { batch: 1, steps: 2, seed: 3 });
  const { parameters } = readKeras(await writeKeras(net, session.parameters()));
  assertEquals(parameters.get("out.weight"), parameters.get("embedding.weight"));
  assertEquals(parameters.get("out.weight")!.data, session.parameters().get("embedding.weight")!.data);
});

Deno.test("a layer that Keras does not have is refused by name, before a file is written", async () => {
  const net = residual(recurrent(gru(), { input: 3, hidden: 3 }));
  using session = await compile(net, { batch: 1, steps: 1 });
  const { message } = await assertRejects(() => writeKeras(net, session.parameters()), OptionError);
  assertStringIncludes(message, "residual");
  const largest = NETS["largest"];
  using other = await compile(largest, { batch: 1, steps: 1 });
  await assertRejects(
    () => writeKeras(largest, other.parameters(), { padding: 0 }),
    OptionError,
    "include the padding",
  );
  const { layer, parameters } = readKeras(MODELS.find(({ name }) => name === "embedding")!.files[".keras"]);
  assert((await assertRejects(() => writeKeras(layer, parameters, { padding: 3 }), OptionError)).message.includes("0"));
});
