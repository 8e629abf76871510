/** Files of models with wrong metadata: each is refused by a FormatError at once, before memory is planned. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { takeWork } from "../support/work.ts";
import { FormatError, gru, LanguageModel, lstm, readSafetensors, writeSafetensors } from "../../mod.ts";
import { Seq2Seq, SequenceClassifier, SequenceGenerator, SequenceRegressor, SequenceTagger } from "../../models.ts";
import {
  loadLanguageModel,
  loadSeq2Seq,
  loadSequenceClassifier,
  loadSequenceGenerator,
  loadSequenceRegressor,
  loadSequenceTagger,
} from "../../run.ts";

const KEY = "unroll.model";

/** A small model, and the functions that load its file. */
type Case = [
  name: string,
  make: () => Promise<Disposable & { save(): Uint8Array }>,
  ...load: ((bytes: Uint8Array) => Promise<Disposable>)[],
];

const sizes = { cell: gru(), hidden: 4 };
const CASES: Case[] = [
  [
    "language model",
    () => LanguageModel.create("she sells sea shells. ", { cell: lstm(), hidden: [4], embedding: 4, tied: true }),
    (bytes) => LanguageModel.load(bytes),
    (bytes) => loadLanguageModel(bytes),
  ],
  [
    "classifier",
    () => SequenceClassifier.create({ ...sizes, features: 3, labels: ["a", "b"] }),
    (bytes) => SequenceClassifier.load(bytes),
    (bytes) => loadSequenceClassifier(bytes),
  ],
  [
    "tagger",
    () => SequenceTagger.create({ ...sizes, tokens: 9, labels: ["a", "b"] }),
    (bytes) => SequenceTagger.load(bytes),
    (bytes) => loadSequenceTagger(bytes),
  ],
  [
    "regressor",
    () => SequenceRegressor.create({ ...sizes, features: 3, outputs: 1 }),
    (bytes) => SequenceRegressor.load(bytes),
    (bytes) => loadSequenceRegressor(bytes),
  ],
  [
    "generator",
    () => SequenceGenerator.create(["anna", "bob"], { cell: gru(), hidden: [4], embedding: 4 }),
    (bytes) => SequenceGenerator.load(bytes),
    (bytes) => loadSequenceGenerator(bytes),
  ],
  [
    "seq2seq",
    () => Seq2Seq.create({ ...sizes, source: 9, target: 9 }),
    (bytes) => Seq2Seq.load(bytes),
    (bytes) => loadSeq2Seq(bytes),
  ],
];

const DEEP = "[".repeat(1000) + "]".repeat(1000);
/** Values for each place of the metadata, as JSON. */
const VALUES = [
  ..."null true false 0 -1 0.5 3 30000 134217728 2147483647 1e300 9007199254740993".split(" "),
  ...['""', '"x"', "[]", "[null]", "[3,3]", "[[]]", "{}", '{"kind":"words","tokens":3}', '{"source":16777216}', DEEP],
  '{"__proto__":1}',
  `[${"4,".repeat(3000)}4]`,
];

/** Places of a description: its keys, and the keys of objects in it. */
function places(description: Record<string, unknown>): string[][] {
  return Object.entries(description).flatMap(([key, value]) => [
    [key],
    ...(value && typeof value === "object" && !Array.isArray(value))
      ? Object.keys(value).map((inner) => [key, inner])
      : [],
  ]);
}

for (const [name, make, ...loads] of CASES) {
  Deno.test(`each wrong value in the file of a ${name} is refused by a FormatError, with little work`, async () => {
    using model = await make();
    const { tensors, metadata } = readSafetensors(model.save());
    const good = JSON.parse(metadata[KEY]);
    let refused = 0;
    for (const path of places(good)) {
      await takeWork();
      for (const value of [...VALUES, undefined]) {
        const changed = structuredClone(good);
        const parent = path.length > 1 ? changed[path[0]] : changed, last = path.at(-1)!;
        if (value === undefined) delete parent[last];
        else parent[last] = "REPLACED";
        const text = JSON.stringify(changed).replace('"REPLACED"', value ?? "");
        const bytes = writeSafetensors(tensors, { [KEY]: text });
        for (const load of loads) {
          const what = `${path.join(".")}: ${String(value).slice(0, 40)}`;
          try {
            (await load(bytes))[Symbol.dispose]();
          } catch (error) {
            assert(error instanceof FormatError, `${what}: ${error}`);
            refused++;
          }
        }
      }
      const work = await takeWork();
      assert(work < 5e7, `${path.join(".")}: ${work} blocks of code`);
    }
    assert(refused > places(good).length * VALUES.length, `${refused} are refused`);
  });
}

Deno.test("the file of a model without a tensor, with one more, or one of another shape is refused", async () => {
  for (const [, make, ...loads] of CASES) {
    using model = await make();
    const { tensors, metadata } = readSafetensors(model.save());
    const [[first, tensor], ...others] = tensors;
    const data = new Float32Array(4);
    const wrong = [others, [...tensors, ["more", { shape: [4], data }]], [[first, { shape: [2, 2], data }], ...others]];
    for (const list of wrong as [string, typeof tensor][][]) {
      for (const load of loads) {
        await assertRejects(() => load(writeSafetensors(list, metadata)), FormatError, "Cannot load a ");
      }
    }
  }
});

Deno.test("a newer version is refused by its number, and anything but a number too", async () => {
  for (const [, make, ...loads] of CASES) {
    using model = await make();
    const { tensors, metadata } = readSafetensors(model.save());
    const versions: [string, string][] = [["2", "the file has version 2"], ["1000", "the file has version 1000"]];
    for (const odd of ["0", "-1", "1.5", '"1"', "null", "[1]"]) {
      versions.push([odd, "its version must be an integer from 1"]);
    }
    for (const [version, message] of versions) {
      const bytes = writeSafetensors(tensors, { [KEY]: metadata[KEY].replace('"version":1', `"version":${version}`) });
      for (const load of loads) await assertRejects(() => load(bytes), FormatError, message);
    }
    for (const load of loads) (await load(model.save()))[Symbol.dispose]();
    assertEquals(JSON.parse(metadata[KEY]).version, 1);
  }
});
