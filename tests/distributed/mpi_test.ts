/** Trainings on several ranks, under every installed MPI. Without one, only the version is tested. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readCheckpoint } from "@unroll/rnn";
import config from "../../deno.json" with { type: "json" };
import { VERSION } from "../../src/distributed/version.ts";
import { Folder } from "../support/files/folder.ts";
import { distance, launchers, type Outcome, READ, run, start, WRITE } from "../support/distributed/launchers.ts";

const TRAIN = "tests/support/programs/train_small.ts";
const FAIL = "tests/support/programs/fail.ts";

/** Seconds within which a job with a failed rank must end, the start of the processes included. */
const TIMEOUT = 20;

Deno.test("the version that ranks compare is the version in deno.json", () => assertEquals(VERSION, config.version));

for (const launcher of launchers) {
  const test = (name: string, body: () => Promise<void>) => Deno.test(`${launcher.name}: ${name}`, body);

  test("3 ranks train on samples of different lengths, in uneven shards, as 1 rank does", async () => {
    const one = await run(launcher, 1, TRAIN, ["samples"]);
    const three = await run(launcher, 3, TRAIN, ["samples"]);
    assertEquals(await run(launcher, 3, TRAIN, ["samples"]), three, "3 ranks give the same bits every time");
    assert(distance(one.losses, three.losses) < 1e-5);
    assert(distance(one.evaluations, three.evaluations) < 1e-5);
    assert(one.losses[0] !== one.losses[1]);
  });

  test("3 ranks train a language model as 1 rank does", async () => {
    const one = await run(launcher, 1, TRAIN, ["text"]);
    const three = await run(launcher, 3, TRAIN, ["text"]);
    assert(distance(one.losses, three.losses) < 1e-5);
    assertEquals(three.tokens, one.tokens);
    assert(Math.abs(one.bits - three.bits) < 1e-5);
  });

  test("2 ranks resume a checkpoint of 1 rank, and 4 ranks resume theirs, with carried states", async () => {
    using folder = new Folder();
    const oneRankFile = folder.file("one rank");
    const anyRanksFile = folder.file("any ranks");
    const oneRankLosses: number[] = [];
    const anyRanksLosses: number[] = [];
    for (const ranks of [1, 2, 4]) {
      anyRanksLosses.push(...(await run(launcher, ranks, TRAIN, ["resume", anyRanksFile])).losses);
      oneRankLosses.push(...(await run(launcher, 1, TRAIN, ["resume", oneRankFile])).losses);
    }
    assertEquals(oneRankLosses.length, 21);
    assert(distance(oneRankLosses, anyRanksLosses) < 1e-5, `${distance(oneRankLosses, anyRanksLosses)}`);
  });

  const faults: Record<string, RegExp> = {
    "throw": /rank 1 of 3 has failed: Error: a bug in the loop/,
    "break": /ranks 0 and 2 are at update 6, rank 1 is disposing its world/,
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
  // What the library itself finds is the same under every MPI.
  const endedByMpi = ["throw", "break", "exit", "abort"];
  const tried = Object.entries(faults).filter(([fault]) => launcher === launchers[0] || endedByMpi.includes(fault));
  for (const [fault, message] of tried) {
    test(`"${fault}" on rank 1 ends all ranks, with the number of the rank and the cause`, async () => {
      const outcome = await start(launcher, 3, FAIL, { args: [fault], permissions: READ }).outcome;
      requireFailure(outcome, message);
    });
  }

  test("a killed rank ends the job, and the last checkpoint is complete", async () => {
    using folder = new Folder();
    const file = folder.file("checkpoint");
    const { process, outcome } = start(launcher, 3, FAIL, { args: ["endless", file], permissions: WRITE });
    const pid = await processOfRank(process.pid, 1);
    while (!folder.names.includes("checkpoint")) await new Promise((resolve) => setTimeout(resolve, 50));
    const killed = performance.now();
    Deno.kill(pid, "SIGKILL");
    const result = await outcome;
    requireFailure(result, launcher.name === "Open MPI" ? /rank 1 .*on signal 9 \(Killed\)/ : /Killed \(signal 9\)/);
    if (launcher.name === "MPICH") {
      assertMatch(result.stderr, new RegExp(`rank 1 is process ${pid} on `));
      // The launcher names the first process that it finds dead, which may be one that the launcher has ended itself.
      const [, named] = result.stdout.match(/PID (\d+) RUNNING/)!;
      assertMatch(result.stderr, new RegExp(`is process ${named} on `));
    }
    assert(performance.now() - killed < 1000 * TIMEOUT);
    const { training, extra } = readCheckpoint(await Deno.readFile(file));
    assert(training.updates > 0);
    assertEquals((extra as { step: number }).step, training.updates);
  });

  test("`init` refuses a library that is not the launcher's", async () => {
    const UNROLL_MPI = launcher.name === "MPICH" ? "libmpi.so.40" : "libmpich.so.12";
    const { code, stderr } = await start(launcher, 2, FAIL, { args: ["samples"], env: { UNROLL_MPI } }).outcome;
    assert(code !== 0);
    assertMatch(stderr, /Cannot join 2 processes: the launcher of|Cannot find an MPI library/);
  });
}

function requireFailure({ code, stdout, stderr, seconds }: Outcome, message: RegExp): void {
  assert(code !== 0, stdout + stderr);
  assertMatch(stderr + stdout, message);
  assert(seconds < TIMEOUT, `${seconds} s`);
}

/** The id of the process of a rank, a descendant of the launcher's process. */
async function processOfRank(launcher: number, rank: number): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    for (const { name } of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(name) || !isDescendant(Number(name), launcher)) continue;
      const environment = read(`/proc/${name}/environ`).split("\0");
      const variables = [`OMPI_COMM_WORLD_RANK=${rank}`, `PMI_RANK=${rank}`];
      if (environment.some((line) => variables.includes(line))) return Number(name);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`No process of rank ${rank} has started`);
}

/** Whether a process is `ancestor` or has been started below it. */
function isDescendant(pid: number, ancestor: number): boolean {
  for (; pid > 1; pid = Number(read(`/proc/${pid}/status`).match(/PPid:\s*(\d+)/)?.[1] ?? 0)) {
    if (pid === ancestor) return true;
  }
  return false;
}

/** The content of a file, or "" when it cannot be read. */
function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
