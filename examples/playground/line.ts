import { type Remote, wrap } from "comlink";

/**
 * A worker and what it offers. What is asked of it fails when it dies, where otherwise an answer would never come; the
 * next thing that is asked starts another.
 */
export class Line<Offer> {
  readonly #url: URL;
  readonly #onDeath: (reason: Error) => void;
  #worker: Worker | undefined;
  #remote!: Remote<Offer>;
  #end = Promise.withResolvers<never>();

  /** To workers of a file beside this one; `onDeath` hears when one dies of itself. */
  constructor(file: string, onDeath: (reason: Error) => void) {
    this.#url = new URL(file, import.meta.url);
    this.#onDeath = onDeath;
  }

  /** Ask something. */
  ask<Answer>(question: (offer: Remote<Offer>) => Promise<Answer>): Promise<Answer> {
    if (!this.#worker) this.#start();
    return Promise.race([question(this.#remote), this.#end.promise]);
  }

  /** End the worker; what was asked of it and is not answered fails with the reason. */
  hangUp(reason: Error): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#end.reject(reason);
  }

  #start(): void {
    const worker = this.#worker = new Worker(this.#url, { type: "module" });
    this.#remote = wrap<Offer>(worker);
    this.#end = Promise.withResolvers();
    this.#end.promise.catch(() => {}); // nobody may be waiting
    const die = (what: string) => {
      if (this.#worker !== worker) return;
      const reason = new Error(`The worker that had the net has stopped${what}, and the net is lost. Train another.`);
      this.hangUp(reason);
      this.#onDeath(reason);
    };
    worker.onerror = (event) => (event.preventDefault(), die(event.message ? ` (${event.message})` : ""));
    worker.onmessageerror = () => die("");
  }
}

/** Why what was asked was given up by the page itself. */
export class HungUp extends Error {}
