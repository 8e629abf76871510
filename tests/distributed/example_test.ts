/** examples/mpi.ts on one rank and on two, and the lines of it that docs/mpi.md quotes. */
import { assert, assertEquals } from "@std/assert";
import { Folder } from "../support/files/folder.ts";
import { launchers, start, WRITE } from "../support/distributed/launchers.ts";

Deno.test("docs/mpi.md quotes lines of examples/mpi.ts", async () => {
  const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
  const example = await read("examples/mpi.ts");
  const quotes = [...(await read("docs/mpi.md")).matchAll(/```ts ignore\n([^]*?)```/g)].map(([, code]) => code.trim());
  assertEquals(quotes.length, 2);
  for (const quote of quotes) assert(example.includes(quote), quote);
});

for (const launcher of launchers) {
  Deno.test(`${launcher.name}: the example has equal losses on 1 and 2 ranks, and resumes its checkpoint`, async () => {
    using folder = new Folder();
    const evaluations: number[][] = [];
    for (const ranks of [1, 2]) {
      const options = { args: [folder.file(`checkpoint${ranks}`)], permissions: WRITE };
      const { code, stdout, stderr } = await start(launcher, ranks, "examples/mpi.ts", options).outcome;
      assertEquals(code, 0, stderr);
      evaluations.push(Array.from(stdout.matchAll(/loss (\S+),/g), ([, loss]) => Number(loss)));
    }
    const [one, two] = evaluations;
    assertEquals(one.length, 6);
    // The example prints losses with four digits.
    one.forEach((loss, i) => assert(Math.abs(loss - two[i]) < 1.5e-4, `${loss} and ${two[i]}`));
    const resumed = { args: [folder.file("checkpoint1")], permissions: WRITE };
    const { code, stdout } = await start(launcher, 2, "examples/mpi.ts", resumed).outcome;
    assertEquals([code, stdout.includes("2 ranks")], [0, true]);
  });
}
