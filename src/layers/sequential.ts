import { ShapeError } from "../errors.ts";
import type { TensorSpec } from "../ops/value.ts";
import type { Layer } from "./layer.ts";
import { stacked } from "./stacked.ts";

/** Options of `sequential`. */
export interface SequentialOptions {
  /**
   * Parameters that are one tensor with others: `{ "decoder.weight": "embedding.weight" }`, the vectors of tokens as
   * input and output of a language model (Press & Wolf 2017; Inan, Khosravi & Socher 2017). There is one value, drawn as
   * the second of the two draws it, and one gradient, the sum of that of both uses; optimizers, norms and summaries
   * count it once. As in PyTorch's state dict both names are among `parameters()` and in files; `setParameters` takes
   * either name, and both if their values agree. With `recompute` the sum has another order: equal but for rounding.
   */
  tied?: Readonly<Record<string, string>>;
}

/**
 * A net: named layers in the order of the keys. The keys are the prefixes of the state dict, so `{ rnn: recurrent(...) }` has a
 * parameter `rnn.weight_ih_l0`.
 *
 * @throws {ShapeError} When a layer does not take what the one before it gives, or parameters that are to be tied are
 * not there or not of one shape.
 *
 * @example
 * ```ts
 * import { dense, embedding, lstm, recurrent, sequential } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const net = sequential({
 *   embedding: embedding(100, 16),
 *   rnn: recurrent(lstm(), { input: 16, hidden: 32 }),
 *   decoder: dense(32, 100),
 * });
 * assertEquals(Object.keys(net.parameters)[1], "rnn.weight_ih_l0");
 * ```
 *
 * @example Tied weights
 * ```ts
 * import { compile, dense, embedding, lstm, recurrent, sequential } from "@unroll/rnn";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const layers = { in: embedding(50, 8), rnn: recurrent(lstm(), { input: 8, hidden: 8 }), out: dense(8, 50) };
 * const net = sequential(layers, { tied: { "in.weight": "out.weight" } });
 * using session = await compile(net, { batch: 1, steps: 1 });
 * const all = session.parameters();
 * assertStrictEquals(all.get("in.weight"), all.get("out.weight"));
 * ```
 */
export function sequential(layers: Record<string, Layer>, { tied }: SequentialOptions = {}): Layer {
  const names = Object.keys(layers);
  if (!names.length) throw new ShapeError(`Cannot make a net: "layers" must name at least one layer, got none`);
  for (let i = 1; i < names.length; i++) {
    const given = layers[names[i - 1]].output, wanted = layers[names[i]].input;
    if (!fits(given, wanted)) {
      throw new ShapeError(
        `Cannot join layers: "${names[i]}" takes ${describe(wanted)}, "${names[i - 1]}" gives ${describe(given)}`,
      );
    }
  }
  return stacked(Object.values(layers), names, (i) => `${names[i]}.`, tied);
}

function fits(given: TensorSpec, wanted: TensorSpec): boolean {
  const kind = given.kind === "one-hot" ? "values" : given.kind;
  return kind === wanted.kind && given.width === wanted.width;
}

function describe({ kind, width }: TensorSpec): string {
  return kind === "tokens" ? `tokens below ${width}` : `${kind} of width ${width}`;
}
