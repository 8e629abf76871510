import { unzipSync, zipSync } from "fflate";
import { readPytorch } from "../../../pytorch.ts";
import fixtures from "../../fixtures/weights/pytorch.json" with { type: "json" };
import { editBytes, pick } from "./edits.ts";
import type { Format } from "./format.ts";

const files = fixtures.cases.map(({ file }) => Uint8Array.fromBase64(file));
const archives = [...files, Uint8Array.fromBase64(fixtures.refused["a net"])].map((file) => unzipSync(file));

/** Files of torch.save with faults in their pickles, their storages and their bytes. */
export const pytorch: Format<Uint8Array> = {
  make(random) {
    if (!random.integer(6)) return editBytes(pick(random, files), random);
    const entries = { ...pick(random, archives) }, names = Object.keys(entries);
    const name = random.integer(8) ? names.find((name) => name.endsWith("data.pkl"))! : pick(random, names);
    entries[name] = editBytes(entries[name], random);
    return zipSync(entries, { level: random.integer(8) ? 0 : 1 });
  },
  read: (bytes, random) => readPytorch(bytes, random.integer(8) ? {} : { key: "a" }),
  size: ({ length }) => length,
};
