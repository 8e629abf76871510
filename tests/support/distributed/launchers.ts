/** Runs programs under the launchers of the installed MPI libraries. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

/** Permissions of programs beside `--allow-ffi`. */
export const READ = ["--allow-read", "--allow-env"];
export const WRITE = [...READ, "--allow-write"];

/** The launcher of an installed MPI. */
export interface Launcher {
  readonly name: "Open MPI" | "MPICH";
  readonly command: string;
  /** Arguments before the number of ranks. They allow more ranks than cores. */
  readonly args: readonly string[];
}

/** Commands that may be the launcher of each MPI. */
const COMMANDS: Record<Launcher["name"], readonly string[]> = {
  "Open MPI": ["mpirun.openmpi", "mpirun"],
  "MPICH": ["mpiexec.mpich", "mpiexec.hydra", "mpiexec"],
};
const ENVIRONMENT = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1", NO_COLOR: "1" };

/** The launchers of the installed MPI libraries. */
export const launchers: readonly Launcher[] = Object.entries(COMMANDS).flatMap(([name, commands]) => {
  const command = commands.find((command) => versionOf(command).includes(name === "MPICH" ? "HYDRA" : "Open MPI"));
  if (!command) console.log(`not tested: ${name} is not installed (apt-get install openmpi-bin libopenmpi-dev mpich)`);
  const args = name === "Open MPI" ? ["--oversubscribe", "-n"] : ["-n"];
  return command ? [{ name: name as Launcher["name"], command, args }] : [];
});

/** The result of a run. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/**
 * Start a program on some ranks, with the permission `--allow-ffi`.
 *
 * @param program The path of the program, relative to the root of the repository.
 * @param options Arguments of the program, further permissions, and environment variables.
 */
export function start(
  launcher: Launcher,
  ranks: number,
  program: string,
  { args = [], permissions = [], env = {} }: {
    args?: readonly string[];
    permissions?: readonly string[];
    env?: Record<string, string>;
  } = {},
): { process: Deno.ChildProcess; outcome: Promise<Outcome> } {
  const path = fileURLToPath(new URL(`../../../${program}`, import.meta.url));
  const started = performance.now();
  const run = [Deno.execPath(), "run", "--no-check", "--no-prompt", "--quiet", "--allow-ffi", ...permissions, path];
  const process = new Deno.Command(launcher.command, {
    args: [...launcher.args, String(ranks), ...run, ...args],
    env: { ...ENVIRONMENT, ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const outcome = process.output().then(({ code, stdout, stderr }) => {
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr), seconds: (performance.now() - started) / 1000 };
  });
  return { process, outcome };
}

/** What rank 0 of a training prints. Each program prints some of these. */
export interface Result {
  size: number;
  losses: number[];
  evaluations: number[];
  hash: string;
  tokens: number;
  bits: number;
}

/** Run a training program on some ranks, and read what rank 0 prints. */
export async function run(launcher: Launcher, ranks: number, program: string, args: string[]): Promise<Result> {
  const { code, stdout, stderr } = await start(launcher, ranks, program, { args, permissions: WRITE }).outcome;
  assertEquals(code, 0, stderr);
  const result = JSON.parse(stdout);
  assertEquals(result.size, ranks);
  return result;
}

/** The largest absolute difference of two lists of one length, which must not be empty. */
export function distance(a: readonly number[], b: readonly number[]): number {
  assertEquals(a.length, b.length);
  assert(a.length > 0);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i])));
}

/** What `command --version` prints, or "" when there is no such command. */
function versionOf(command: string): string {
  try {
    return new TextDecoder().decode(new Deno.Command(command, { args: ["--version"] }).outputSync().stdout);
  } catch {
    return "";
  }
}
