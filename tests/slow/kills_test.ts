import { assert, assertEquals } from "@std/assert";
import { latest, saveFile, saveNext } from "../../files.ts";
import { Generator } from "../../src/random/generator.ts";
import { assertWhole, Folder, writer } from "../support/files/folder.ts";

const KILLS = 200, BYTES = new Uint8Array(10).fill(1);

Deno.test(`${KILLS} kills while a file is written over and over: it is whole, and nothing piles up`, async () => {
  using folder = new Folder();
  const path = folder.file("model"), random = new Generator(1), seen = new Set<number>();
  saveFile(path, BYTES);
  for (let i = 0; i < KILLS; i++) {
    await killed(writer(path, "round", "over"), random);
    seen.add(assertWhole(path, `kill ${i}`));
    assert(folder.names.length <= 2, `kill ${i} left ${folder.names}`);
  }
  assert(seen.size > KILLS / 10, "the kills came while files were written");
  saveFile(path, BYTES);
  assertEquals(folder.names, ["model"]);
});

Deno.test("kills while numbered files are written: the last one is whole, and nothing piles up", async () => {
  using folder = new Folder();
  const path = folder.file("model"), random = new Generator(2);
  saveNext(path, BYTES);
  for (let i = 0; i < KILLS / 4; i++) {
    await killed(writer(path, "round", "next"), random);
    assertWhole(latest(path)!, `kill ${i}`);
    assert(folder.names.length <= 4, `kill ${i} left ${folder.names}`); // two, one to be removed, one temporary
  }
  saveNext(path, BYTES, { keep: 2 });
  assertEquals(folder.names.length, 2);
});

/** Kill a process somewhere in its first writes: it takes about 40 ms to start. */
async function killed(process: Deno.ChildProcess, random: Generator): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 40 + random.uniform() * 60));
  process.kill("SIGKILL");
  await process.status;
}
