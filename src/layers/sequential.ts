import { ShapeError } from "../errors.ts";
import type { Signal } from "../ops/port.ts";
import type { Layer } from "./layer.ts";
import { stacked } from "./stacked.ts";

/**
 * A net: named layers in the order of the keys. The keys are the prefixes of the state dict, so `{ rnn: recurrent(...) }` has a
 * parameter `rnn.weight_ih_l0`.
 *
 * @throws {ShapeError} When a layer does not take what the one before it gives.
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
 */
export function sequential(layers: Record<string, Layer>): Layer {
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
  return stacked(Object.values(layers), names, (i) => `${names[i]}.`);
}

function fits(given: Signal, wanted: Signal): boolean {
  const kind = given.kind === "one-hot" ? "values" : given.kind;
  return kind === wanted.kind && given.width === wanted.width;
}

function describe({ kind, width }: Signal): string {
  return kind === "tokens" ? `tokens below ${width}` : `${kind} of width ${width}`;
}
