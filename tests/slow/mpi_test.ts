/** The benchmarks' char-rnn on several ranks. Takes half a minute under each MPI. */
import { assert, assertEquals } from "@std/assert";
import { distance, launchers, run } from "../support/distributed/launchers.ts";

const TRAIN = "tests/support/programs/train_w1.ts";

for (const launcher of launchers) {
  const test = (name: string, body: () => Promise<void>) => Deno.test(`${launcher.name}: ${name}`, body);

  test("char-rnn has the losses of 1 rank on 2 and 4 ranks, and the same bits every time", async () => {
    const one = await run(launcher, 1, TRAIN, ["50"]);
    const two = await run(launcher, 2, TRAIN, ["50"]);
    const again = await run(launcher, 2, TRAIN, ["50"]);
    assert(distance(one.losses, two.losses) < 1e-5, `${distance(one.losses, two.losses)}`);
    assertEquals(again, two);
    const oneWithDropout = await run(launcher, 1, TRAIN, ["48", "0.5"]);
    const fourWithDropout = await run(launcher, 4, TRAIN, ["48", "0.5"]);
    const difference = distance(oneWithDropout.losses, fourWithDropout.losses);
    assert(difference < 1e-5, `with dropout, ${difference}`);
  });
}
