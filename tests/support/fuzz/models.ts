import { type Generator, gru, LanguageModel, lstm } from "../../../mod.ts";
import { Seq2Seq, SequenceClassifier, SequenceGenerator, SequenceRegressor, SequenceTagger } from "../../../models.ts";
import { editBytes, editValue, jsonBytes, pick } from "./edits.ts";
import type { Format } from "./format.ts";
import { joinSafetensors, splitSafetensors } from "./safetensors.ts";

/** What all models have. */
interface Model extends Disposable {
  save(): Uint8Array<ArrayBuffer>;
}

/** The file of a small model, and how it is loaded and used. */
interface Seed {
  readonly bytes: Uint8Array;
  readonly load: (bytes: Uint8Array) => Promise<Model>;
}

/** Saves a model and disposes it. */
async function seed<M extends Model>(model: Promise<M>, load: (bytes: Uint8Array) => Promise<M>): Promise<Seed> {
  using made = await model;
  return { bytes: made.save(), load };
}

const TEXT = "she sells sea shells by the sea shore. ", sizes = { cell: gru(), hidden: 4 };
const seeds = await Promise.all([
  seed(LanguageModel.create(TEXT, { cell: lstm(), hidden: [8] }), (bytes) => LanguageModel.load(bytes)),
  seed(
    LanguageModel.create(TEXT, { cell: gru(), hidden: [6, 6], embedding: 6, tied: true }),
    (bytes) => LanguageModel.load(bytes),
  ),
  seed(
    SequenceClassifier.create({ ...sizes, features: 3, labels: ["a", "b"] }),
    (bytes) => SequenceClassifier.load(bytes),
  ),
  seed(SequenceTagger.create({ ...sizes, tokens: 9, labels: ["a", "b"] }), (bytes) => SequenceTagger.load(bytes)),
  seed(SequenceRegressor.create({ ...sizes, features: 3, outputs: 1 }), (bytes) => SequenceRegressor.load(bytes)),
  seed(
    SequenceGenerator.create(["anna", "bob"], { cell: gru(), hidden: [4], embedding: 4 }),
    (bytes) => SequenceGenerator.load(bytes),
  ),
  seed(Seq2Seq.create({ ...sizes, source: 9, target: 9 }), (bytes) => Seq2Seq.load(bytes)),
]);

interface Input {
  readonly bytes: Uint8Array;
  readonly load: Seed["load"];
}

/** A file whose header has faults, most of them in the metadata. */
export function editedFile(bytes: Uint8Array, random: Generator): Uint8Array {
  const { header, data } = splitSafetensors(bytes);
  const json = JSON.parse(new TextDecoder().decode(header)), { __metadata__: metadata } = json;
  if (!random.integer(6)) return joinSafetensors(jsonBytes(editValue(json, random)), data);
  const [key] = Object.keys(metadata);
  const text = jsonBytes(editValue(JSON.parse(metadata[key]), random));
  metadata[key] = new TextDecoder().decode(random.integer(15) ? text : editBytes(text, random));
  return joinSafetensors(jsonBytes(json), data);
}

/** Files of all kinds of models. */
export const models: Format<Input> = {
  make(random) {
    const { bytes, load } = pick(random, seeds);
    return { load, bytes: editedFile(bytes, random) };
  },
  read: ({ bytes, load }) => load(bytes),
  use(result: Model) {
    using model = result;
    model.save();
  },
  size: ({ bytes }) => bytes.length,
};
