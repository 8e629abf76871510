import { type KerasModel, readTfjs } from "../../../tfjs.ts";
import { MODELS } from "../tfjs/models.ts";
import { editBytes, editValue, jsonBytes, pick, placesOf, type Value } from "./edits.ts";
import type { Format } from "./format.ts";
import { predicted } from "./keras.ts";

type Files = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

const JSON_NAME = "model.json";
const topologies: Value[] = MODELS.map(({ files }) => JSON.parse(new TextDecoder().decode(files[JSON_NAME])));
const pool = placesOf(topologies);

/** Layers models with faults in their JSON and in their weights. */
export const tfjs: Format<Files> = {
  make(random) {
    const i = random.integer(MODELS.length), { files } = MODELS[i];
    const json = random.integer(3)
      ? jsonBytes(editValue(topologies[i], random, { pool }))
      : editBytes(files[JSON_NAME], random);
    const weights = Object.keys(files).filter((name) => name !== JSON_NAME);
    const broken = random.integer(8) ? undefined : pick(random, weights);
    return { ...files, ...(broken && { [broken]: editBytes(files[broken], random) }), [JSON_NAME]: json };
  },
  read: (files) => readTfjs((path) => Object.hasOwn(files, path) ? files[path] : undefined as unknown as Uint8Array),
  use: (model: KerasModel, random) => random.integer(10) ? undefined : predicted(model),
  size: (files) => Object.values(files).reduce((sum, { length }) => sum + length, 0),
};
