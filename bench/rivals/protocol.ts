/**
 * Protocol between the runner and a contender. One process runs one contender on one workload. The workload is the
 * first argument, as JSON. The process prepares the workload, warms up and prints a `Prepared` as a line of JSON. Then
 * it answers each line of its standard input with a `Sample`.
 */
import { processorTime } from "../clock.ts";
import type { Workload } from "./workloads.ts";

/** First line of a contender: it is ready, or something is missing. */
export type Prepared = { outcome: number[]; note?: string; ms: number } | { missing: string };

/** Answer of a contender: wall-clock milliseconds of a call, and the fraction of the machine's limit if it is known. */
export interface Sample {
  ms: number;
  fraction?: number;
}

/** A prepared workload of a contender. */
export interface Work {
  /** The call to time. Repeated calls do the same work. */
  run(): void | Promise<unknown>;
  /** Numbers that must agree between contenders, computed by the first calls. */
  outcome(): Promise<number[]> | number[];
  /** What a reader of the figures must know. */
  note?: string;
  /** Milliseconds of a call at the machine's limit, measured now. */
  limit?(): number;
}

/** A contender cannot run a workload. The message says what is missing. */
export class Missing extends Error {}

/** The first call of a sample finds the caches full of other data. A long sample makes its time negligible. */
const SAMPLE_MS = 250, WARM_UP_MS = 500;

/** Serve one workload until the standard input ends. */
export async function serve(prepare: (workload: Workload) => Work | Promise<Work>): Promise<void> {
  let work: Work;
  try {
    work = await prepare(JSON.parse(Deno.args[0]));
    const outcome = await work.outcome();
    let ms = 0;
    for (const start = performance.now(); performance.now() - start < WARM_UP_MS;) ms = (await time(work, 0)).wall;
    send({ outcome, note: work.note, ms });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (!(error instanceof Missing)) console.error(error);
    return send({ missing: error.message });
  }
  for await (const _ of Deno.stdin.readable) send(await sample(work));
}

function send(message: Prepared | Sample): void {
  console.log(JSON.stringify(message));
}

/** Calls for at least 250 ms. The stricter of the limits before and after them counts. */
async function sample(work: Work): Promise<Sample> {
  const before = work.limit?.();
  const { wall, processor } = await time(work, SAMPLE_MS);
  const after = work.limit?.();
  return { ms: wall, fraction: before && after && Math.min(before, after) / processor };
}

async function time(work: Work, minimum: number): Promise<{ wall: number; processor: number }> {
  const processorStart = processorTime(), start = performance.now();
  let calls = 0, elapsed = 0;
  while (calls === 0 || elapsed < minimum) {
    const promise = work.run();
    if (promise) await promise;
    calls++;
    elapsed = performance.now() - start;
  }
  return { wall: elapsed / calls, processor: (processorTime() - processorStart) / calls };
}

/** The runner's side: a contender's process on one workload. */
export class ContenderProcess {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;

  constructor([program, ...args]: readonly string[], workload: Workload) {
    // The workload is the first argument of the contender's own, after the name of its file.
    const file = args.findIndex((arg) => /\.(ts|py)$/.test(arg));
    this.#child = new Deno.Command(program, {
      args: [...args.slice(0, file + 1), JSON.stringify(workload), ...args.slice(file + 1)],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#lines = lines(this.#child.stdout);
    this.#input = this.#child.stdin.getWriter();
  }

  /** Wait at most `seconds` until the contender is ready. */
  async prepared(seconds: number): Promise<Prepared> {
    const { promise, resolve } = Promise.withResolvers<Prepared>();
    const timer = setTimeout(() => resolve({ missing: `not ready after ${seconds} s` }), seconds * 1000);
    this.#next().then((message) => resolve((message as Prepared | undefined) ?? { missing: "its process ended" }));
    const answer = await promise;
    clearTimeout(timer);
    return answer;
  }

  /** Take a sample. Returns undefined if the process has ended. */
  async sample(): Promise<Sample | undefined> {
    await this.#input.write(new TextEncoder().encode("\n"));
    return await this.#next() as Sample | undefined;
  }

  /** End the process. */
  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // a TypeError means that the process has ended
    }
    await this.#child.status;
    await this.#input.abort().catch(() => {}); // the pipe is broken
  }

  /** Next line of JSON. Other output, which some libraries print, is skipped. */
  async #next(): Promise<unknown> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) return undefined;
      if (value.startsWith("{")) return JSON.parse(value);
    }
  }
}

async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let text = "";
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (text + piece).split("\n");
    text = parts.pop()!;
    yield* parts;
  }
}
