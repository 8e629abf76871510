/** Words are cut by tables of our own, which no version of an engine's Unicode changes. */
import { assertEquals } from "@std/assert";
import { Bundle, inNode, installed } from "../support/engines.ts";
import { hashOfWords } from "../support/every_character.ts";

/** Files of models depend on the cuts: another number here needs another kind of words. */
const HASH = 3433299361;

Deno.test("every character of Unicode is cut as in the files that exist, here and in Node", async () => {
  assertEquals(hashOfWords(), HASH);
  const node = installed("node");
  if (!node) return console.log("not tested: there is no node here");
  using bundle = await Bundle.of(new URL("../support/programs/print_words_hash.ts", import.meta.url));
  assertEquals(Number(await inNode(node, bundle, [])), HASH);
});
