/** A worker that has been started, in any engine. */
export interface StartedWorker {
  readonly worker: Pick<Worker, "terminate"> & { postMessage(data: unknown): void };
  /** The worker's first message; rejects when the worker fails before it. */
  readonly firstMessage: Promise<unknown>;
}

/** The part of Node's module `worker_threads` that is used. Engines without the module do not import it. */
interface NodeWorkers {
  Worker: new (source: URL) => {
    postMessage(data: unknown): void;
    terminate(): void;
    once(event: string, listener: (value: unknown) => void): void;
  };
}

/**
 * Start a worker.
 *
 * The worker comes from a blob: URL, since a page never allows shared memory to a data: worker. Node accepts only data:
 * URLs.
 *
 * @param body The worker's script. It calls its own message port `port`.
 */
export function startWorker(body: string): StartedWorker {
  const source = `const port = typeof postMessage === "function" ? self
    : process.getBuiltinModule("worker_threads").parentPort;
  ${body}`;
  if (typeof Worker === "undefined") {
    const { Worker: NodeWorker } = nodeWorkers()!;
    const worker = new NodeWorker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    const firstMessage = new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    return { worker, firstMessage };
  }
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const firstMessage = new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault(); // otherwise Deno ends the program
      reject(
        new Error(event.message || "refused, as by a content security policy without worker-src blob:"),
      );
    };
  });
  void firstMessage.finally(() => URL.revokeObjectURL(url)).catch(() => {});
  return { worker, firstMessage };
}

/**
 * Whether threads can work here. They need shared memory (a page must be cross-origin isolated), workers, and a calling
 * thread that may wait (the main thread of a page may not).
 */
export function canStartWorkers(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
  } catch {
    return false;
  }
  return typeof Worker !== "undefined" || nodeWorkers() !== undefined;
}

/** The number of the machine's cores that the engine names. */
export function cores(): number {
  return globalThis.navigator?.hardwareConcurrency ??
    builtin<{ availableParallelism(): number }>("os")?.availableParallelism() ?? 1;
}

function nodeWorkers(): NodeWorkers | undefined {
  return builtin<NodeWorkers>("worker_threads");
}

/** A module of Node. */
function builtin<Module>(name: string): Module | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  return process?.getBuiltinModule?.(name) as Module | undefined;
}
