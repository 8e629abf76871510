import { missingPackage } from "../../errors.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";

/** Numbers the files: h5wasm keeps all its files in one folder in memory. */
let count = 0;

/** Writes an HDF5 file of datasets by their paths. */
export async function writeHdf5(tensors: ReadonlyMap<string, TensorCopy>): Promise<Uint8Array<ArrayBuffer>> {
  const { File, ready } = await h5wasm();
  const { FS } = await ready;
  const name = `unroll-${count++}.h5`;
  const file = new File(name, "w");
  try {
    const groups = new Set<string>();
    for (const [path, { shape, data }] of tensors) {
      const names = path.split("/");
      names.slice(0, -1).forEach((_, i) => {
        const group = names.slice(0, i + 1).join("/");
        if (!groups.has(group)) file.create_group(group);
        groups.add(group);
      });
      file.create_dataset({ name: path, data, shape: [...shape], dtype: "<f" });
    }
  } finally {
    file.close();
  }
  try {
    return FS.readFile(name).slice() as Uint8Array<ArrayBuffer>;
  } finally {
    FS.unlink(name);
  }
}

/** The package that writes, loaded when a file is written. */
async function h5wasm() {
  try {
    // deno-lint-ignore no-import-prefix -- an entry must work from a URL, where deno.json does not travel
    return await import("npm:h5wasm@0.10.3");
  } catch (cause) {
    throw missingPackage("Writing an HDF5 file", "h5wasm@0.10.3", cause);
  }
}
