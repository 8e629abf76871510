/** HDF5 files that claim what they do not have. */
import { File, ready } from "h5wasm";

/** Files of one attribute of three strings, whose dataspace claims other numbers of elements. */
export async function attributeBomb(counts: readonly number[]): Promise<[string, Uint8Array<ArrayBuffer>][]> {
  const { FS } = await ready;
  const name = "bomb.h5", file = new File(name, "w");
  file.create_attribute("bomb", ["abc", "abd", "abe"], [3], "S3");
  file.close();
  const good = FS.readFile(name).slice() as Uint8Array<ArrayBuffer>;
  FS.unlink(name);
  const text = new TextDecoder("latin1").decode(good), from = text.indexOf("bomb");
  return counts.map((count) => {
    const bytes = good.slice(), view = new DataView(bytes.buffer);
    for (let at = from; at < Math.min(from + 120, bytes.length - 8); at++) {
      if (view.getBigUint64(at, true) === 3n) view.setBigUint64(at, BigInt(count), true);
    }
    return [`${count} elements`, bytes];
  });
}
