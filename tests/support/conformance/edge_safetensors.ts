import { assertEquals } from "@std/assert";
import type { Tensor } from "../../../mod.ts";
import { EXACT, type Kind } from "./kind.ts";

/** An unusual file that must be read: all its tensors and their elements. */
export const edgeSafetensors: Kind = {
  missing: () => undefined,

  // deno-lint-ignore require-await -- as other kinds
  async run({ config, tensors }, arithmetic) {
    const read = tensors(), values: Record<string, unknown[]> = config.values;
    assertEquals(read.names().sort(), Object.keys(values).sort());
    const results = Object.entries(values).map(([name, want]) => {
      const { data } = read.tensor(name), got = Array.from<number | bigint>(data as ArrayLike<number>);
      // As the number of the value that it should be, or as none: NaN, -0 and bigints have no distance.
      const same = got.map((element, i) => Object.is(element, wanted(want[i], data)) ? i : -1);
      return { name: `values of "${name}"`, arithmetic, got: same, want: want.map((_, i) => i), tolerance: EXACT };
    });
    return [...results, { name: "names", arithmetic, got: [0], want: [0], tolerance: EXACT }];
  },
};

/** A value as JSON has it: a string for what JSON has no number for. */
function wanted(value: unknown, data: Tensor["data"]): number | bigint {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return BigInt(value as string);
  const number = Number(typeof value === "string" ? value.replace(/inf(inity)?/i, "Infinity") : value);
  return data instanceof Float32Array ? Math.fround(number) : number;
}
