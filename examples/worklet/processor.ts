/**
 * Runs a net on an audio thread, sample by sample. A step of a stream into a given array allocates nothing, so that the
 * thread never waits for the garbage collector.
 */
import type { Stream, TensorCopy } from "@unroll/rnn";
import { load } from "@unroll/rnn/inference";
import { net } from "./net.ts";

/** What the page hands in: the kernels' module and the trained parameters. */
export interface NetOptions {
  readonly kernels: WebAssembly.Module;
  readonly parameters: ReadonlyMap<string, TensorCopy>;
}

// Globals of an AudioWorkletGlobalScope, which TypeScript's libraries do not have.
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(
  name: string,
  processor: new (options: { processorOptions: NetOptions }) => unknown,
): void;

class NetProcessor extends AudioWorkletProcessor {
  #stream: Stream | undefined;
  readonly #x = new Float32Array(1);
  readonly #y = new Float32Array(1);

  constructor({ processorOptions: { kernels, parameters } }: { processorOptions: NetOptions }) {
    super();
    load(net, parameters, { batch: 1, steps: 1, kernels }).then((loaded) => {
      this.#stream = loaded.stream();
      this.port.postMessage("ready");
    });
  }

  process([[input]]: Float32Array[][], [[output]]: Float32Array[][]): boolean {
    const stream = this.#stream;
    if (!stream || !input) return true;
    for (let i = 0; i < output.length; i++) {
      this.#x[0] = input[i];
      stream.step(this.#x, this.#y);
      output[i] = this.#y[0];
    }
    return true;
  }
}

registerProcessor("net", NetProcessor);
