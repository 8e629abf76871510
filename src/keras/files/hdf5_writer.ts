import type { TensorCopy } from "../../runtime/state_dict.ts";

/** A number for a file's name, as the library has files in memory, all in one place. */
let count = 0;

/** An HDF5 file of these datasets, each at a path of groups. */
export async function writeHdf5(tensors: ReadonlyMap<string, TensorCopy>): Promise<Uint8Array<ArrayBuffer>> {
  // deno-lint-ignore no-import-prefix -- an entry must work from a URL, where deno.json does not travel
  const { File, ready } = await import("npm:h5wasm@0.10.3");
  const { FS } = await ready, name = `unroll-${count++}.h5`, file = new File(name, "w");
  try {
    const groups = new Set<string>();
    for (const [path, { shape, data }] of tensors) {
      const parts = path.split("/");
      parts.slice(0, -1).forEach((_, i) => {
        const group = parts.slice(0, i + 1).join("/");
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
