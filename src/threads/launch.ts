/** A worker that has been started, in any engine. */
export interface Launched {
  /** The first thing that it says, or its failure to start. */
  readonly answer: Promise<unknown>;
  send(data: unknown): void;
  terminate(): void;
}

/** What there is of Node's module of workers: a program must not have to import it where there is none. */
interface NodeWorkers {
  Worker: new (source: URL) => {
    postMessage(data: unknown): void;
    terminate(): void;
    once(event: string, listener: (value: unknown) => void): void;
  };
}

/**
 * Start a worker on a text that names its own port `port`. From a blob: URL, as a page's data: worker is never allowed
 * shared memory; Node takes data: URLs alone.
 */
export function launch(body: string): Launched {
  const source = `const port = typeof postMessage === "function" ? self
    : process.getBuiltinModule("worker_threads").parentPort;
  ${body}`;
  if (typeof Worker === "undefined") {
    const { Worker: NodeWorker } = nodeWorkers()!;
    const worker = new NodeWorker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    return {
      answer: new Promise((resolve, reject) => (worker.once("message", resolve), worker.once("error", reject))),
      send: (data) => worker.postMessage(data),
      terminate: () => worker.terminate(),
    };
  }
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const answer = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault(); // else Deno ends the program
      reject(new Error(event.message));
    };
  });
  void answer.finally(() => URL.revokeObjectURL(url)).catch(() => {});
  return { answer, send: (data) => worker.postMessage(data), terminate: () => worker.terminate() };
}

/**
 * Whether threads can work here: there is shared memory (in a page: it is cross-origin isolated), this thread may wait
 * (the main thread of a page may not), and there are workers.
 */
export function canLaunch(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
  } catch {
    return false;
  }
  return typeof Worker !== "undefined" || nodeWorkers() !== undefined;
}

function nodeWorkers(): NodeWorkers | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  return process?.getBuiltinModule?.("worker_threads") as NodeWorkers | undefined;
}
