/**
 * Every kind of file that version 0.1 wrote can be read, and gives what it gave then, to the bit: fixtures/v0_1 has the
 * files, `readings.ts` says how each is read, `expected.json` what that gave in version 0.1.
 */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { bitsOf } from "../support/bits.ts";
import expected from "../fixtures/v0_1/expected.json" with { type: "json" };
import { NUMBERED, READINGS } from "../fixtures/v0_1/readings.ts";

const FOLDER = new URL("../fixtures/v0_1/", import.meta.url);

function read(name: string): Uint8Array {
  return Deno.readFileSync(new URL(name, FOLDER));
}

Deno.test("each file of version 0.1 is read by a test", () => {
  const others = ["expected.json", "weights.bin"],
    names = [...Deno.readDirSync(FOLDER)].filter(({ isFile, name }) =>
      isFile && !name.endsWith(".ts") && !others.includes(name)
    ).map(({ name }) => name);
  assertEquals(names.toSorted(), Object.keys(READINGS).toSorted());
  assertEquals(Object.keys(expected), Object.keys(READINGS));
});

for (const [name, reading] of Object.entries(READINGS)) {
  Deno.test(`version 0.1 wrote ${name}`, async () => {
    const known: Record<string, unknown> = expected;
    assertEquals(await bitsOf(await reading(read(name), read)), known[name]);
  });
}

Deno.test("the last of the files that version 0.1 has numbered is found", () => {
  const found = NUMBERED.find(fileURLToPath(new URL(NUMBERED.path, FOLDER)));
  assert(found);
  assertEquals(found, fileURLToPath(new URL(NUMBERED.latest, FOLDER)));
});
