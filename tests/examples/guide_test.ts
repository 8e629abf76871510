/** The guide quotes code of the example, which other tests run. */
import { assert, assertEquals } from "@std/assert";

const read = (path: string) => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
const lines = (text: string) => text.split("\n").map((line) => line.trim()).join("\n");

Deno.test('"Your own cell in one file" quotes examples/custom_cell.ts', () => {
  const example = lines(read("examples/custom_cell.ts"));
  const quotes = [...read("docs/your_own_cell.md").matchAll(/```ts ignore\n([^]*?)```/g)].map(([, code]) => code);
  assertEquals(quotes.length, 5);
  for (const quote of quotes) assert(example.includes(lines(quote)), quote);
});
