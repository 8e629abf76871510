/** Runs programs under the launchers of the MPIs that are installed. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

/** What programs need beside `--allow-ffi`. */
export const READ = ["--allow-read", "--allow-env"], WRITE = [...READ, "--allow-write"];

/** An installed MPI. */
export interface Launcher {
  readonly name: "Open MPI" | "MPICH";
  readonly command: string;
  /** Arguments before the number of ranks: more of them than cores are allowed. */
  readonly args: readonly string[];
}

const CANDIDATES: Record<Launcher["name"], readonly string[]> = {
  "Open MPI": ["mpirun.openmpi", "mpirun"],
  "MPICH": ["mpiexec.mpich", "mpiexec.hydra", "mpiexec"],
};
const ENVIRONMENT = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1", NO_COLOR: "1" };

/** The launchers that there are. */
export const launchers: readonly Launcher[] = Object.entries(CANDIDATES).flatMap(([name, commands]) => {
  const command = commands.find((command) => versionOf(command).includes(name === "MPICH" ? "HYDRA" : "Open MPI"));
  if (!command) console.log(`not tested: there is no ${name} here (apt-get install openmpi-bin libopenmpi-dev mpich)`);
  const args = name === "Open MPI" ? ["--oversubscribe", "-n"] : ["-n"];
  return command ? [{ name: name as Launcher["name"], command, args }] : [];
});

/** What a run has left. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** A program of this folder on so many ranks, with the one permission that it needs, and more. */
export function start(
  { command, args }: Launcher,
  ranks: number,
  program: string,
  { given = [], permissions = [], env = {} }: {
    given?: readonly string[];
    permissions?: readonly string[];
    env?: Record<string, string>;
  } = {},
): { process: Deno.ChildProcess; outcome: Promise<Outcome> } {
  const path = fileURLToPath(new URL(`../../../${program}`, import.meta.url)), began = performance.now();
  const run = [Deno.execPath(), "run", "--no-check", "--no-prompt", "--quiet", "--allow-ffi", ...permissions, path];
  const process = new Deno.Command(command, {
    args: [...args, String(ranks), ...run, ...given],
    env: { ...ENVIRONMENT, ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const outcome = process.output().then(({ code, stdout, stderr }) => {
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr), seconds: (performance.now() - began) / 1000 };
  });
  return { process, outcome };
}

/** What a training prints. */
export interface Result {
  size: number;
  losses: number[];
  evaluations: number[];
  hash: string;
  tokens: number;
  bits: number;
}

/** The result of a training on so many ranks. */
export async function run(launcher: Launcher, ranks: number, program: string, given: string[]): Promise<Result> {
  const { code, stdout, stderr } = await start(launcher, ranks, program, { given, permissions: WRITE }).outcome;
  assertEquals(code, 0, stderr);
  const result = JSON.parse(stdout);
  assertEquals(result.size, ranks);
  return result;
}

/** Largest distance of two lists. */
export function distance(a: readonly number[], b: readonly number[]): number {
  assertEquals(a.length, b.length);
  assert(a.length > 0);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i])));
}

function versionOf(command: string): string {
  try {
    return new TextDecoder().decode(new Deno.Command(command, { args: ["--version"] }).outputSync().stdout);
  } catch {
    return "";
  }
}
