import { assert } from "@std/assert";
import { compile, FormatError, Generator } from "../../../mod.ts";
import type { KerasModel } from "../../../keras.ts";

/**
 * Reads files with random faults: bytes changed, cut, removed or moved, mostly bytes that are not zero. Asserts that
 * each is read or refused with a FormatError, in less than `limit` milliseconds.
 *
 * @returns The number of files that were read.
 */
export async function readMutations(
  good: Uint8Array<ArrayBuffer>,
  read: (bytes: Uint8Array<ArrayBuffer>) => KerasModel | Promise<KerasModel>,
  { count, seed, limit }: { count: number; seed: number; limit: number },
): Promise<number> {
  const random = new Generator(seed), used = [...good.keys()].filter((i) => good[i]);
  let right = 0;
  for (let i = 0; i < count; i++) {
    const bytes = mutate(good, used, random), start = performance.now();
    try {
      const { layer, parameters } = await read(bytes);
      if (i % 20 === 0) {
        using session = await compile(layer, { batch: 1, steps: 1 });
        session.setParameters(parameters);
      }
      right++;
    } catch (error) {
      assert(error instanceof FormatError, `seed ${seed}, file ${i}: ${error instanceof Error ? error.stack : error}`);
    }
    const time = performance.now() - start;
    assert(time < limit, `seed ${seed}, file ${i}: ${time} ms`);
  }
  return right;
}

function mutate(good: Uint8Array<ArrayBuffer>, used: readonly number[], random: Generator): Uint8Array<ArrayBuffer> {
  let bytes = good.slice();
  for (let n = 1 + random.integer(3); n > 0; n--) {
    const at = random.integer(4) ? used[random.integer(used.length)] % bytes.length : random.integer(bytes.length);
    const to = random.integer(bytes.length), size = 1 + random.integer(16);
    switch (random.integer(6)) {
      case 0:
        bytes[at] = random.integer(256);
        break;
      case 1:
        bytes[at] ^= 1 << random.integer(8);
        break;
      case 2:
        bytes[at] = 255;
        break;
      case 3:
        bytes.copyWithin(to, at, at + size);
        break;
      case 4:
        bytes = new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + size)]);
        break;
      default:
        if (!random.integer(8)) bytes = bytes.slice(0, Math.max(1, at));
        else bytes[at] += 1;
    }
  }
  return bytes;
}
