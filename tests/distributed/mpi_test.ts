/** Trainings on several ranks, under every MPI that is installed; without one there is nothing to test here. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "@unroll/rnn";
import config from "../../deno.json" with { type: "json" };
import { VERSION } from "../../src/distributed/version.ts";
import { Folder } from "../support/files/folder.ts";
import { distance, launchers, type Outcome, READ, run, start, WRITE } from "../support/distributed/launchers.ts";

const TRAIN = "tests/support/programs/train_small.ts";
const FAIL = "tests/support/programs/fail.ts";

/** The longest that a job may go on after a rank has failed, start of the processes included; in seconds. */
const PATIENCE = 20;

Deno.test("the version that ranks compare is that of the package", () => assertEquals(VERSION, config.version));

for (const launcher of launchers) {
  const test = (name: string, body: () => Promise<void>) => Deno.test(`${launcher.name}: ${name}`, body);

  test("samples of different lengths, uneven shares, evaluations, early stopping", async () => {
    const one = await run(launcher, 1, TRAIN, ["samples"]);
    const three = await run(launcher, 3, TRAIN, ["samples"]);
    assertEquals(await run(launcher, 3, TRAIN, ["samples"]), three, "the same bits every time");
    assert(distance(one.losses, three.losses) < 1e-5);
    assert(distance(one.evaluations, three.evaluations) < 1e-5);
    assert(one.losses[0] !== one.losses[1]);
  });

  test("a language model's streams", async () => {
    const one = await run(launcher, 1, TRAIN, ["text"]);
    const three = await run(launcher, 3, TRAIN, ["text"]);
    assert(distance(one.losses, three.losses) < 1e-5);
    assertEquals(three.tokens, one.tokens);
    assert(Math.abs(one.bits - three.bits) < 1e-5);
  });

  test("a checkpoint of 1 rank is resumed by 2, and theirs by 4, with carried states", async () => {
    using folder = new Folder();
    const [whole, changing] = [folder.file("whole"), folder.file("changing")],
      parts: number[] = [],
      want: number[] = [];
    for (const ranks of [1, 2, 4]) {
      parts.push(...(await run(launcher, ranks, TRAIN, ["resume", changing])).losses);
      want.push(...(await run(launcher, 1, TRAIN, ["resume", whole])).losses);
    }
    assertEquals(want.length, 21);
    assert(distance(want, parts) < 1e-5, `${distance(want, parts)}`);
  });

  const faults: Record<string, RegExp> = {
    "throw": /rank 1 of 3 has failed: Error: a mistake in the loop/,
    "break": /ranks 0 and 2 are at update 6, rank 1 is leaving/,
    "exit": /rank 1 of 3 exits: with code 0/,
    "fewer batches": /ranks 0 and 2 are at update 6, rank 1 is at .* the end of an epoch/,
    "broken data": /[Rr]ank 1 (of 3 )?has failed: Error: the disk is gone/,
    "other data": /update 6: the batch of rank 1 is not that of rank 0/,
    "other parameters": /after update 8: the parameters of rank 1 are not those of rank 0/,
    "not finite": /[Rr]ank 1 (of 3 )?has failed: NonFiniteError: Cannot make update 6: the loss is NaN/,
    "optimizer": /"optimizer" of rank 1 is \["sgd".*that of rank 0 \["adam"/,
    "options": /"fit" of rank 1 is {"epochs":999/,
    "abort": /[Rr]ank 1 (of 3 )?has failed: TimeoutError/,
  };
  for (const [fault, message] of Object.entries(faults)) {
    test(`${fault} on a rank ends all of them with its number and the cause`, async () => {
      const outcome = await start(launcher, 3, FAIL, { given: [fault], permissions: READ }).outcome;
      requireFailure(outcome, message);
    });
  }

  test("a rank that is killed ends the job, and the last checkpoint is whole", async () => {
    using folder = new Folder();
    const file = folder.file("checkpoint");
    const { process, outcome } = start(launcher, 3, FAIL, { given: ["endless", file], permissions: WRITE });
    const pid = await rankOf(process.pid, 1);
    while (!folder.names.includes("checkpoint")) await new Promise((resolve) => setTimeout(resolve, 50));
    const killed = performance.now();
    Deno.kill(pid, "SIGKILL");
    const result = await outcome;
    requireFailure(result, launcher.name === "Open MPI" ? /rank 1 .*on signal 9 \(Killed\)/ : /Killed \(signal 9\)/);
    if (launcher.name === "MPICH") {
      assertMatch(result.stderr, new RegExp(`rank 1 is process ${pid} on `));
      // It names the first process that it finds dead, which may be one that it has ended itself.
      const [, named] = result.stdout.match(/PID (\d+) RUNNING/)!;
      assertMatch(result.stderr, new RegExp(`is process ${named} on `));
    }
    assert(performance.now() - killed < 1000 * PATIENCE);
    const { training, extra } = readCheckpoint(await Deno.readFile(file));
    assert(training.updates > 0);
    assertEquals((extra as { step: number }).step, training.updates);
  });

  test("a library that is not the launcher's is refused", async () => {
    const UNROLL_MPI = launcher.name === "MPICH" ? "libmpi.so.40" : "libmpich.so.12";
    const { code, stderr } = await start(launcher, 2, FAIL, { given: ["samples"], env: { UNROLL_MPI } }).outcome;
    assert(code !== 0);
    assertMatch(stderr, /Cannot join 2 processes: the launcher of|Cannot find an MPI library/);
  });
}

function requireFailure({ code, stdout, stderr, seconds }: Outcome, message: RegExp): void {
  assert(code !== 0, stdout + stderr);
  assertMatch(stderr + stdout, message);
  assert(seconds < PATIENCE, `${seconds} s`);
}

/** The process that is a rank, below the launcher. */
async function rankOf(launcher: number, rank: number): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    for (const { name } of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(name) || !isBelow(Number(name), launcher)) continue;
      const environment = read(`/proc/${name}/environ`).split("\0");
      const named = environment.some((line) => line === `OMPI_COMM_WORLD_RANK=${rank}` || line === `PMI_RANK=${rank}`);
      if (named) return Number(name);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the rank has not been started");
}

function isBelow(pid: number, ancestor: number): boolean {
  for (; pid > 1; pid = Number(read(`/proc/${pid}/status`).match(/PPid:\s*(\d+)/)?.[1] ?? 0)) {
    if (pid === ancestor) return true;
  }
  return false;
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
