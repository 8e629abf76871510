import type { Layer } from "./layer.ts";
import { wired } from "./wiring.ts";

/**
 * Layers one on top of the other as one layer.
 *
 * @param layers The layers, bottom to top.
 * @param labels Names of the layers in statistics and errors.
 * @param prefix The prefix of a layer's tensor names. Default: no prefix, all layers share one set of names.
 * @param tied Parameters that are one tensor: see `sequential`.
 * @throws {ShapeError} When a layer reads the two sequences of `merge: "none"`, or parameters cannot be tied.
 */
export function stacked(
  layers: readonly Layer[],
  labels: readonly string[],
  prefix: (layer: number) => string = () => "",
  tied?: Readonly<Record<string, string>>,
): Layer {
  const [{ input }] = layers, first = Object.keys(input.named ?? [0]).map((_, i) => i), n = first.length;
  const nodes = layers.map((layer, i) => {
    return { layer, label: labels[i], prefix: prefix(i), reads: i ? [n - 1 + i] : first };
  });
  return {
    ...wired({ input, nodes, outputs: { output: n - 1 + layers.length }, tied }),
    description: {
      kind: "stacked",
      layers: nodes.map(({ prefix, label, layer }) => [prefix, label, layer.description]),
    },
  };
}
