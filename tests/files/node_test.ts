import { assertEquals } from "@std/assert";
import { Bundle, inDeno, inNode, installed } from "../support/engines.ts";
import { Folder } from "../support/files/folder.ts";

const PROGRAM = new URL("../support/programs/print_saves.ts", import.meta.url);
/** Larger than any process number of the system. */
const DEAD = 2 ** 22 + 1;

const WANT = {
  names: ["model", "model.2.bin", "model.3.bin"],
  bytes: [2],
  latest: [5],
  refusal: "Cannot write /none/model: no such file or directory",
};

Deno.test("saving files in Deno needs no permission but for their folder", async () => {
  using folder = new Folder();
  using bundle = await Bundle.of(PROGRAM);
  const { path } = folder, permissions = [`--allow-read=${path}`, `--allow-write=${path}`, "--no-prompt"];
  const got = JSON.parse(await inDeno(bundle, [], [path, String(DEAD)], permissions));
  // Without --allow-run, Deno cannot tell whether the other process is dead; the file is stale after an hour only.
  assertEquals(got, { ...WANT, names: ["model", "model.2.bin", "model.3.bin", `model.${DEAD}.0badcafe.tmp`] });
  assertEquals(JSON.parse(await inDeno(bundle, [], [path, String(DEAD)], [...permissions, "--allow-run"])), {
    ...WANT,
    names: ["model", "model.5.bin", "model.6.bin"],
  });
});

const node = installed("node");
Deno.test({
  name: node ? "files are saved in Node as in Deno" : "saving files in Node is not tested: node is not installed",
  ignore: !node,
  async fn() {
    using folder = new Folder();
    using bundle = await Bundle.of(PROGRAM);
    assertEquals(JSON.parse(await inNode(node!, bundle, [], [folder.path, String(DEAD)])), WANT);
  },
});
