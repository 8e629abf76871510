import { OptionError } from "../errors.ts";
import type { Arena } from "../memory/arena.ts";
import type { OutputGradient } from "../ops/needs.ts";
import type { PackedBatch } from "../runtime/packed_batch.ts";
import type { TrainingRunner } from "./training_runner.ts";

/** Norms by time step of the gradients that backward has left of the recurrent layers' outputs. */
export class GradientFlow {
  readonly #flows: readonly (OutputGradient & { readonly reverse: boolean })[];
  readonly #arena: Arena;
  /** The last call, while its gradients are in memory. */
  #call: PackedBatch | undefined;
  /** Sums of squares of a sequence that is run in segments, `[T]` of each flow. */
  #sums: readonly Float64Array[] | undefined;

  /** Of what these passes leave in memory. */
  constructor(flows: readonly OutputGradient[], arena: Arena, passes: TrainingRunner) {
    this.#flows = flows.map((flow) => ({ ...flow, reverse: flow.name.endsWith("_reverse") }));
    this.#arena = arena;
    passes.watch = (call) => this.#add(call);
  }

  /** `[T]` of each layer and direction. */
  norms(): Map<string, Float32Array> {
    const call = this.#call;
    if (!call) throw new OptionError("Cannot read the gradient's flow: there was no backward");
    const sums = this.#sums ?? this.#read(call, this.#zeros(call));
    return new Map(this.#flows.map(({ name }, i) => [name, Float32Array.from(sums[i], Math.sqrt)]));
  }

  /** Backward has run for a call. Of a segment, whose gradients the next one will overwrite, they are read at once. */
  #add(call: PackedBatch): void {
    const { T, totalSteps: whole, offset: from } = call;
    this.#call = call;
    if (from + T === whole) this.#sums = T < whole ? this.#zeros(call) : undefined;
    if (this.#sums) this.#read(call, this.#sums);
  }

  #zeros({ totalSteps: whole, decoder }: PackedBatch): Float64Array[] {
    return this.#flows.map((flow) => new Float64Array(flow.decoder ? decoder!.T : whole));
  }

  /** Add the squares of a call's gradients to those of each step. */
  #read(call: PackedBatch, sums: readonly Float64Array[]): typeof sums {
    this.#flows.forEach(({ gradient, reverse, decoder }, i) => {
      const { T, B, offset: from, active, lengths } = decoder ? call.decoder! : call;
      const { stride, columns } = gradient, view = this.#arena.floats(gradient.step(1, B), T * B * stride);
      for (let t = 0; t < T; t++) {
        for (let b = 0, n = active(t); b < n; b++) {
          const begin = (t * B + b) * stride;
          let sum = 0;
          for (let c = begin; c < begin + columns; c++) sum += view[c] * view[c];
          sums[i][reverse ? (lengths ? lengths[b] : T) - 1 - t : from + t] += sum;
        }
      }
    });
    return sums;
  }
}
