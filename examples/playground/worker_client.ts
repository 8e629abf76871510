import { type Remote, wrap } from "comlink";

/**
 * Calls functions of a worker, which starts at the first call. If the worker stops, its pending calls fail instead of
 * waiting forever, and the next call starts another worker.
 */
export class WorkerClient<Api> {
  readonly #url: URL;
  readonly #onCrash: (reason: Error) => void;
  #worker: Worker | undefined;
  #remote!: Remote<Api>;
  #end = Promise.withResolvers<never>();

  /** `file` is the worker's script, in the folder of the page's script. `onCrash` is called when the worker fails. */
  constructor(file: string, onCrash: (reason: Error) => void) {
    this.#url = new URL(file, import.meta.url);
    this.#onCrash = onCrash;
  }

  call<Result>(method: (api: Remote<Api>) => Promise<Result>): Promise<Result> {
    if (!this.#worker) this.#start();
    return Promise.race([method(this.#remote), this.#end.promise]);
  }

  /** Ends the worker. Its pending calls fail with the reason. */
  terminate(reason: Error = new Terminated()): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#end.reject(reason);
  }

  #start(): void {
    const worker = this.#worker = new Worker(this.#url, { type: "module" });
    this.#remote = wrap<Api>(worker);
    this.#end = Promise.withResolvers();
    this.#end.promise.catch(() => {}); // no call may be pending
    const crash = (detail: string) => {
      if (this.#worker !== worker) return;
      const reason = new Error(`The worker has stopped${detail}, and its net is lost. Train another net.`);
      this.terminate(reason);
      this.#onCrash(reason);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      crash(event.message ? ` (${event.message})` : "");
    };
    worker.onmessageerror = () => crash("");
  }
}

/** The reason of pending calls to fail when the page itself ends the worker. */
export class Terminated extends Error {}
