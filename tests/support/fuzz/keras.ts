import { unzipSync, zipSync } from "fflate";
import { compile, type Generator } from "../../../mod.ts";
import { type KerasModel, readKeras, readKerasConfig } from "../../../keras.ts";
import fixtures from "../../fixtures/keras/hdf5.json" with { type: "json" };
import { MODELS, unpacked } from "../keras/models.ts";
import { editBytes, editValue, jsonBytes, pick, placesOf, type Value } from "./edits.ts";
import type { Format } from "./format.ts";

interface Pair {
  readonly config: string;
  readonly weights: Uint8Array;
}

const WEIGHTS = "model.weights.h5", CONFIG = "config.json";
const small = MODELS.flatMap(({ files, config }) =>
  Object.entries(files).filter(([, { length }]) => length < 150_000).map(([form, bytes]) => ({ form, bytes, config }))
);
const { name, ...compressed } = fixtures.model;
const zips = small.filter(({ form }) => form === ".keras").map(({ bytes }) => bytes);
const entries = zips.map((bytes) => unzipSync(bytes));
const configs: Value[] = entries.map((files) => JSON.parse(new TextDecoder().decode(files[CONFIG])));
const pool = placesOf(configs);
const h5s = [
  ...small.filter(({ form }) => form === ".h5" || form === "Keras 2").map(({ bytes }) => bytes),
  await unpacked(compressed[".h5"]),
];
const config = MODELS.find((one) => one.name === name)!.config!;
const pairs: Pair[] = [
  ...small.filter(({ form, config }) => form === ".weights.h5" && config).map(({ bytes, config }) => ({
    config: config!,
    weights: bytes,
  })),
  { config, weights: await unpacked(compressed[".weights.h5"]) },
  { config, weights: await unpacked(compressed["Keras 2 .weights.h5"]) },
];

/** Places of structure in an HDF5 file: the superblock, what begins with a signature, and headers of objects. */
function structure(bytes: Uint8Array): number[] {
  const text = new TextDecoder("latin1").decode(bytes);
  // deno-lint-ignore no-control-regex -- headers of objects begin with the byte 1
  const starts = [...text.matchAll(/TREE|HEAP|SNOD|OHDR|OCHK|GCOL|\x89HDF|\x01\0[\x01-\x1e]\0\x01\0\0\0/g)];
  return starts.flatMap(({ index }) => Array.from({ length: 64 }, (_, i) => index + i));
}

const hot = new Map<Uint8Array, number[]>();

/** An HDF5 file with faults, most of them in its structure. */
function editHdf5(bytes: Uint8Array, random: Generator): Uint8Array<ArrayBuffer> {
  if (!hot.has(bytes)) hot.set(bytes, structure(bytes));
  return editBytes(bytes, random, hot.get(bytes));
}

interface Input {
  readonly bytes: Uint8Array;
  /** The configuration beside a file of weights. */
  readonly config?: string;
}

/**
 * `.keras`, `.h5` and `.weights.h5` files, compressed or not, with faults in their JSON, their HDF5 and their bytes.
 */
export const keras: Format<Input> = {
  make(random) {
    const level = random.integer(4) ? 0 : 1;
    switch (random.integer(7)) {
      case 0:
        return { bytes: editBytes(pick(random, zips), random) };
      case 1:
      case 2: {
        const i = random.integer(zips.length);
        const edited = editValue(configs[i], random, { pool });
        return { bytes: zipSync({ ...entries[i], [CONFIG]: jsonBytes(edited) }, { level }) };
      }
      case 3: {
        const files = pick(random, entries);
        return { bytes: zipSync({ ...files, [WEIGHTS]: editHdf5(files[WEIGHTS], random) }, { level }) };
      }
      case 4:
        return { bytes: editHdf5(pick(random, h5s), random) };
      case 5: {
        const { config, weights } = pick(random, pairs);
        return { config, bytes: editHdf5(weights, random) };
      }
      default: {
        const { config, weights } = pick(random, pairs);
        return { config: JSON.stringify(editValue(JSON.parse(config), random)), bytes: weights };
      }
    }
  },
  read: ({ bytes, config }) => config === undefined ? readKeras(bytes) : readKerasConfig(config, bytes),
  use: (model: KerasModel, random) => random.integer(10) ? undefined : predicted(model),
  size: ({ bytes }) => bytes.length,
};

/** Compiles and runs a model. */
export async function predicted(model: KerasModel): Promise<Float32Array> {
  using session = await compile(model.layer, { batch: 1, steps: 2, batchFirst: true });
  session.setParameters(model.parameters);
  const { kind, width } = model.layer.input;
  return model.predictions(session.forward(new Float32Array(2 * (kind === "tokens" ? 1 : width))));
}
