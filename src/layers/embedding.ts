import { requireInteger } from "../errors.ts";
import { anything, readOptions, type Table } from "../options.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Slot } from "../memory/slot.ts";
import { type Initialiser, normal } from "../ops/initialise.ts";
import type { Layer } from "./layer.ts";

/** Options of `embedding`. */
export interface EmbeddingOptions {
  /** A token whose vector is initially zero and is not trained, PyTorch's `padding_idx`. Default: no such token. */
  paddingIndex?: number;
}

const EMBEDDING = { paddingIndex: [anything] } satisfies Table<EmbeddingOptions>; // Below the vocabulary.

/**
 * Learned vectors for tokens, as PyTorch's `nn.Embedding`: takes tokens `[T, B]` below `vocabulary`, gives
 * `[T, B, width]`. Parameter `weight` `[vocabulary, width]`, initially normal with mean 0 and standard deviation 1. The
 * gradient of the vector of `paddingIndex` is zero.
 *
 * @throws {OptionError} When a size is not a positive integer, or `paddingIndex` is not a token.
 *
 * @example
 * ```ts
 * import { embedding } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(embedding(10_000, 256).parameters.weight.shape, [10_000, 256]);
 * ```
 */
export function embedding(vocabulary: number, width: number, options: EmbeddingOptions = {}): Layer {
  const { paddingIndex } = readOptions("embedding", EMBEDDING, options);
  requireInteger("vocabulary", vocabulary, 1);
  requireInteger("width", width, 1);
  if (paddingIndex !== undefined) requireInteger("paddingIndex", paddingIndex, 0, vocabulary - 1);
  /** Zero the row of `paddingIndex` in the weight. */
  function clearPadding(k: Kernels, matrix: Slot): void {
    if (paddingIndex !== undefined) k.zero(matrix.address + 4 * width * paddingIndex, 1, width, width);
  }
  const initial: Initialiser = (k, context) => {
    normal()(k, context);
    clearPadding(k, context.value);
  };
  return {
    description: { kind: "embedding", paddingIndex },
    input: { kind: "tokens", width: vocabulary },
    output: { kind: "values", width },
    parameters: { weight: { shape: [vocabulary, width], initial } },

    plan(scope, x) {
      const weight = scope.parameter("weight");
      const y = scope.activation("output", scope.steps * scope.batch, width);
      const dy = scope.train ? scope.activation("gradient of output", scope.steps * scope.batch, width) : y;
      const saved = paddingIndex === undefined ? undefined : scope.scratch("gradient of padding", 1, width);
      const padding = weight.gradient.slice((paddingIndex ?? 0) * width, width);
      return {
        output: { kind: "values", width, value: y, gradient: dy },
        states: [],
        refresh() {},
        forward(k, { T, B }) {
          k.gather(y.address, weight.value.address, x.value.address, T * B, width, y.stride, width);
        },
        backward() {},
        gradients(k, { T, B }) {
          // The row of `paddingIndex` may have a gradient from another use of a tied weight, which stays.
          if (saved) k.copy(saved.address, padding.address, 1, width, width, width);
          k.scatterAdd(weight.gradient.address, dy.address, x.value.address, T * B, width, width, dy.stride);
          if (saved) k.copy(padding.address, saved.address, 1, width, width, width);
        },
      };
    },
  };
}

/**
 * Tokens as one-hot rows, the lecture notes' representation of words: a token v of `[T, B]` stands for a row of
 * `vocabulary` zeros with a one at v. The rows are never stored or multiplied: the next layer gathers rows of its
 * weight.
 *
 * @throws {OptionError} When the vocabulary size is not a positive integer.
 *
 * @example
 * ```ts
 * import { oneHot } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(oneHot(65).output, { kind: "one-hot", width: 65 });
 * ```
 */
export function oneHot(vocabulary: number): Layer {
  requireInteger("vocabulary", vocabulary, 1);
  return {
    description: { kind: "oneHot" },
    input: { kind: "tokens", width: vocabulary },
    output: { kind: "one-hot", width: vocabulary },
    parameters: {},
    plan: (_scope, x) => ({
      output: { kind: "one-hot", width: vocabulary, value: x.value },
      states: [],
      refresh() {},
      forward() {},
      backward() {},
      gradients() {},
    }),
  };
}
