import { unzipSync, zipSync } from "fflate";
import { readNpy, readNpz } from "../../../numpy.ts";
import fixtures from "../../fixtures/weights/numpy.json" with { type: "json" };
import { editBytes, pick } from "./edits.ts";
import type { Format } from "./format.ts";

const archives = [fixtures.npz, fixtures.compressed].map((file) => Uint8Array.fromBase64(file));
const entries = unzipSync(archives[0]), names = Object.keys(entries);
/** The magic number, the version and the header of every file of one array. */
const header = Array.from({ length: 128 }, (_, i) => i);

/** Files `.npy` and `.npz` with faults in their headers and their bytes. */
export const numpy: Format<Uint8Array> = {
  make(random) {
    if (!random.integer(4)) return editBytes(pick(random, archives), random);
    const name = pick(random, names), array = editBytes(entries[name], random, header);
    if (random.integer(3)) return array;
    return zipSync({ ...entries, [name]: array }, { level: random.integer(4) ? 0 : 1 });
  },
  read: (bytes) => bytes[0] === 0x50 ? readNpz(bytes) : readNpy(bytes),
  size: ({ length }) => length,
};
