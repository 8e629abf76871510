import { OptionError } from "../errors.ts";
import type { Arena } from "../memory/arena.ts";
import type { OutputGradient } from "../ops/needs.ts";
import { batchOf, type PackedBatch } from "../runtime/packed_batch.ts";

/** Norms by time step of the gradients that backward leaves for the outputs of recurrent layers. */
export class GradientFlow {
  readonly #outputs: readonly (OutputGradient & { readonly isReverse: boolean })[];
  readonly #arena: Arena;
  /** The batch of the last backward. */
  #batch: PackedBatch | undefined;
  /** Sums of squares, `[T]` of each output, of a sequence that runs in segments. */
  #sums: readonly Float64Array[] | undefined;

  constructor(outputs: readonly OutputGradient[], arena: Arena) {
    this.#outputs = outputs.map((output) => ({ ...output, isReverse: output.name.endsWith("_reverse") }));
    this.#arena = arena;
  }

  /**
   * The norms `[T]` of each layer and direction.
   *
   * @throws {OptionError} When there was no backward.
   */
  norms(): Map<string, Float32Array> {
    const batch = this.#batch;
    if (!batch) throw new OptionError("Cannot read the gradient's flow: there was no backward");
    const sums = this.#sums ?? this.#addSquares(batch, this.#zeros(batch));
    return new Map(this.#outputs.map(({ name }, i) => [name, Float32Array.from(sums[i], Math.sqrt)]));
  }

  /** Backward has run for a batch. The gradients of a segment are read at once, as the next segment overwrites them. */
  add(batch: PackedBatch): void {
    const { T, totalSteps, offset } = batch;
    this.#batch = batch;
    const isLastSegment = offset + T === totalSteps;
    if (isLastSegment) this.#sums = T < totalSteps ? this.#zeros(batch) : undefined;
    if (this.#sums) this.#addSquares(batch, this.#sums);
  }

  #zeros(batch: PackedBatch): Float64Array[] {
    return this.#outputs.map((output) => new Float64Array(batchOf(output, output.decoder, batch).totalSteps));
  }

  /** Add the squares of a batch's gradients to the sum of each step. */
  #addSquares(batch: PackedBatch, sums: readonly Float64Array[]): typeof sums {
    this.#outputs.forEach((output, i) => {
      const { T, B, offset, active, lengths } = batchOf(output, output.decoder, batch),
        { gradient, isReverse } = output;
      const { stride, columns } = gradient;
      const view = this.#arena.floats(gradient.step(1, B), T * B * stride);
      for (let t = 0; t < T; t++) {
        for (let b = 0, n = active(t); b < n; b++) {
          const begin = (t * B + b) * stride;
          let sum = 0;
          for (let c = begin; c < begin + columns; c++) sum += view[c] * view[c];
          sums[i][isReverse ? (lengths ? lengths[b] : T) - 1 - t : offset + t] += sum;
        }
      }
    });
    return sums;
  }
}
