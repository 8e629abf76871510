/** HDF5 files that claim what they do not have, or take more work than they seem to. */
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

/** A file with the dataset `x` of one column, compressed in chunks of so many rows. */
export async function chunkedFile(data: Float32Array, rows: number): Promise<Uint8Array<ArrayBuffer>> {
  const { FS } = await ready;
  const name = "chunks.h5", file = new File(name, "w");
  file.create_dataset({ name: "x", data, shape: [data.length, 1], chunks: [rows, 1], compression: 4 });
  file.close();
  const bytes = FS.readFile(name).slice() as Uint8Array<ArrayBuffer>;
  FS.unlink(name);
  return bytes;
}

/** A file of a megabyte in which two thousand groups have one header in common, of empty messages. */
export function sharedHeader(): Uint8Array<ArrayBuffer> {
  const groups = 2000, shared = 1_000_000, groupSize = 32, linkSize = 22;
  const root = 48, links = root + 10, first = links + groups * linkSize, common = first + groups * groupSize;
  const bytes = new Uint8Array(common + shared), view = new DataView(bytes.buffer);
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
  const text = (at: number, value: string) => bytes.set(new TextEncoder().encode(value), at);
  bytes.set([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 2, 8, 8]);
  u64(36, root);
  // The root has a link to each group.
  text(root, "OHDR");
  bytes.set([2, 2], root + 4);
  view.setUint32(root + 6, groups * linkSize, true);
  for (let i = 0; i < groups; i++) {
    const link = links + i * linkSize, group = first + i * groupSize;
    bytes.set([6, linkSize - 4, 0, 0, 1, 0, 4], link);
    text(link + 7, i.toString().padStart(4, "0"));
    u64(link + 11, group);
    // The one message of a group says where the others are.
    text(group, "OHDR");
    bytes.set([2, 0, 20, 16, 16], group + 4);
    u64(group + 11, common);
    u64(group + 19, shared);
  }
  text(common, "OCHK");
  return bytes;
}
