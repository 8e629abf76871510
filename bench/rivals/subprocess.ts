import type { Prepared, Sample } from "./contender.ts";
import type { Contender } from "./contenders.ts";
import type { Row } from "./rows.ts";

/** The other side of the protocol of contender.ts: a contender at work on a row, in a process of its own. */
export class Subprocess {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;

  constructor({ command: [program, ...args] }: Contender, row: Row) {
    // The row comes first among a contender's own arguments, so behind the file's name.
    const file = args.findIndex((arg) => /\.(ts|py)$/.test(arg));
    this.#child = new Deno.Command(program, {
      args: [...args.slice(0, file + 1), JSON.stringify(row), ...args.slice(file + 1)],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#lines = lines(this.#child.stdout);
    this.#input = this.#child.stdin.getWriter();
  }

  /** Wait until it is prepared, at most so long. */
  async prepared(seconds: number): Promise<Prepared> {
    const { promise, resolve } = Promise.withResolvers<Prepared>();
    const timer = setTimeout(() => resolve({ missing: `not ready after ${seconds} s` }), seconds * 1000);
    this.#next().then((message) => resolve((message as Prepared | undefined) ?? { missing: "its process ended" }));
    const answer = await promise;
    clearTimeout(timer);
    return answer;
  }

  /** Time one sample; undefined when the process has ended. */
  async sample(): Promise<Sample | undefined> {
    await this.#input.write(new TextEncoder().encode("\n"));
    return await this.#next() as Sample | undefined;
  }

  /** End the process. */
  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended by itself
    }
    await this.#child.status;
    await this.#input.abort().catch(() => {}); // the pipe is broken
  }

  /** The next line of JSON; what libraries print besides is skipped. */
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
