/** The work of readers, counted: the times of a machine differ. */
import { assert } from "@std/assert";
import { Session } from "node:inspector";

const SOURCES = new URL("../../src/", import.meta.url).href;
const session = new Session();
let started: Promise<unknown> | undefined;

/** What V8 says about how often a script's blocks ran. */
interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

function post(method: string, parameters: object = {}): Promise<unknown> {
  return new Promise((resolve, reject) => {
    session.post(method, parameters, (error: Error | null, result: unknown) => error ? reject(error) : resolve(result));
  });
}

async function start(): Promise<void> {
  session.connect();
  await post("Profiler.enable");
  await post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
}

/** The number of blocks of the library's and its packages' code that ran since the last call. */
export async function takeWork(): Promise<number> {
  await (started ??= start());
  const { result } = await post("Profiler.takePreciseCoverage") as Coverage;
  return result.filter(({ url }) => url.startsWith(SOURCES) || url.includes("/npm/"))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
    .reduce((sum, { count }) => sum + count, 0);
}

/**
 * Reads a file, or some, and asserts that this takes about as much work and memory as its length allows: a machine of
 * 2026 runs some 10^8 blocks a second.
 *
 * @param length The length of the file in bytes.
 */
export async function within<Result>(length: number, read: () => Result): Promise<Awaited<Result>> {
  await takeWork();
  const before = Deno.memoryUsage().rss;
  const result = await read();
  const grown = Deno.memoryUsage().rss - before, work = await takeWork();
  assert(work < 5e7 + 100 * length, `${work} blocks for ${length} bytes`);
  assert(grown < 2e8 + 150 * length, `the process grew by ${grown} bytes for ${length}`);
  return result;
}
