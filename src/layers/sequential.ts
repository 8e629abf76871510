import { ShapeError } from "../errors.ts";
import { anything, readOptions, type Table } from "../options.ts";
import type { TensorSpec } from "../ops/value.ts";
import { type Layer, layer as checkLayer } from "./layer.ts";
import { stacked } from "./stacked.ts";

/** Options of `sequential`. */
export interface SequentialOptions {
  /**
   * Pairs of parameters that are one tensor: `{ "decoder.weight": "embedding.weight" }` makes the token vectors both
   * input and output of a language model (Press & Wolf 2017; Inan, Khosravi & Socher 2017). The tensor has the initial
   * values of the second parameter, and one gradient, the sum over both uses. Optimizers, norms and summaries count the
   * tensor once. As in PyTorch's state dict, `parameters()` and files have both names; `setParameters` takes either
   * name, or both with equal values. With `recompute` the sum has another order: equal up to rounding. Default: none.
   */
  tied?: Readonly<Record<string, string>>;
}

const SEQUENTIAL = { tied: [anything] } satisfies Table<SequentialOptions>;

/**
 * A net: named layers in the order of the keys. The keys are the prefixes of the state dict, so
 * `{ rnn: recurrent(...) }` has a parameter `rnn.weight_ih_l0`.
 *
 * @throws {ShapeError} When a layer's input is not the output of the layer before, or tied parameters are missing or
 * differ in shape.
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
 * const session = await compile(net, { batch: 1, steps: 1 });
 * const all = session.parameters();
 * assertStrictEquals(all.get("in.weight"), all.get("out.weight"));
 * session.dispose();
 * ```
 */
export function sequential(layers: Record<string, Layer>, options: SequentialOptions = {}): Layer {
  const { tied } = readOptions("sequential", SEQUENTIAL, options);
  const names = Object.keys(layers);
  if (!names.length) throw new ShapeError(`Cannot make a net: "layers" must name at least one layer, got none`);
  for (const name of names) checkLayer(name, layers[name]);
  for (let i = 1; i < names.length; i++) {
    const { output } = layers[names[i - 1]], { input } = layers[names[i]];
    if (!fits(output, input)) {
      throw new ShapeError(
        `Cannot join layers: "${names[i]}" takes ${describe(input)}, "${names[i - 1]}" gives ${describe(output)}`,
      );
    }
  }
  return stacked(Object.values(layers), names, (i) => `${names[i]}.`, tied);
}

function fits(output: TensorSpec, input: TensorSpec): boolean {
  const kind = output.kind === "one-hot" ? "values" : output.kind;
  return kind === input.kind && output.width === input.width;
}

function describe({ kind, width }: TensorSpec): string {
  return kind === "tokens" ? `tokens below ${width}` : `${kind} of width ${width}`;
}
