/** The example alone and on two ranks, and what the guide quotes of it. */
import { assert, assertEquals } from "@std/assert";
import { Folder } from "../support/files/folder.ts";
import { launchers, start, WRITE } from "../support/distributed/launchers.ts";

Deno.test("the guide quotes the example", async () => {
  const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
  const example = await read("examples/mpi.ts");
  const quotes = [...(await read("docs/mpi.md")).matchAll(/```ts ignore\n([^]*?)```/g)].map(([, code]) => code.trim());
  assertEquals(quotes.length, 2);
  for (const quote of quotes) assert(example.includes(quote), quote);
});

for (const launcher of launchers) {
  Deno.test(`${launcher.name}: the example trains alike on 1 and on 2 ranks, and goes on from its checkpoint`, async () => {
    using folder = new Folder();
    const evaluations: number[][] = [];
    for (const ranks of [1, 2]) {
      const given = [folder.file(`checkpoint${ranks}`)];
      const { code, stdout, stderr } = await start(launcher, ranks, "examples/mpi.ts", {
        given,
        permissions: WRITE,
      })
        .outcome;
      assertEquals(code, 0, stderr);
      evaluations.push(Array.from(stdout.matchAll(/loss (\S+),/g), ([, loss]) => Number(loss)));
    }
    const [one, two] = evaluations;
    assertEquals(one.length, 6);
    // As printed, with four digits.
    one.forEach((loss, i) => assert(Math.abs(loss - two[i]) < 1.5e-4, `${loss} and ${two[i]}`));
    const again = { given: [folder.file("checkpoint1")], permissions: WRITE };
    const { code, stdout } = await start(launcher, 2, "examples/mpi.ts", again).outcome;
    assertEquals([code, stdout.includes("2 ranks")], [0, true]);
  });
}
