import { type Cell, cell as checkCell } from "../cells/cell.ts";
import { OptionError } from "../errors.ts";
import { type Parameter, zeros } from "../ops/initialise.ts";
import { readOptions } from "../options.ts";
import { bidirectional } from "./bidirectional.ts";
import { dropout } from "./dropout.ts";
import type { Layer } from "./layer.ts";
import { layerSizes, RECURRENT, type RecurrentOptions } from "./recurrent_options.ts";
import { stacked } from "./stacked.ts";
import { unroll } from "./unroll.ts";

/**
 * A recurrent layer, or a stack of recurrent layers: any cell over time. Takes values or one-hot rows `[T, B, input]`,
 * gives the top layer's outputs `[T, B, hidden]` (`2 * hidden` when bidirectional and concatenated).
 *
 * Parameters have PyTorch's names: `weight_ih_l0` `[gates * H, I]`, `weight_hh_l0` `[gates * H, H]`, `bias_ih_l0`,
 * `bias_hh_l0`, then `_l1` and so on, with the suffix `_reverse` for the reverse direction. States are named `h_l0`,
 * `c_l0`, `h_l0_reverse`, ...
 *
 * @throws {OptionError} When a size is not a positive integer, `layers` contradicts `hidden`, a rate is not in [0,
 * 1), or another option has an unknown value.
 *
 * @example
 * ```ts
 * import { gru, recurrent } from "@unroll/rnn";
 * import { assertEquals } from "@std/assert";
 *
 * const rnn = recurrent(gru(), { input: 5, hidden: 7, layers: 2, bidirectional: true });
 * assertEquals(rnn.parameters.weight_ih_l1_reverse.shape, [21, 14]);
 * ```
 */
export function recurrent(cell: Cell, options: RecurrentOptions): Layer {
  checkCell("cell", cell);
  const { input, hidden, layers, merge } = readOptions("recurrent", RECURRENT, options);
  const sizes = layerSizes(hidden, layers);
  const stack: Layer[] = [], labels: string[] = [];
  let width = input;
  function add(label: string, layer: Layer): void {
    labels.push(label);
    stack.push(layer);
  }
  sizes.forEach((H, l) => {
    if (options.inputDropout) add(`input_dropout_l${l}`, dropout(width, options.inputDropout, { variational: true }));
    const isTop = l + 1 === sizes.length, own = isTop ? options : { ...options, output: undefined };
    const mode = merge === "none" && !isTop ? "concat" : merge;
    const forwardLayer = unrolled(cell, width, H, `_l${l}`, own);
    const layer = options.bidirectional
      ? bidirectional(forwardLayer, unrolled(cell, width, H, `_l${l}_reverse`, own), mode)
      : forwardLayer;
    add(`l${l}`, layer);
    width = layer.output.width;
    if (options.dropout && !isTop) add(`dropout_l${l}`, dropout(width, options.dropout));
  });
  const { initial: _, ...plain } = options;
  return { ...stacked(stack, labels), description: { kind: "recurrent", cell: cell.description, ...plain } };
}

/** One cell over time. Names of parameters and states end with the suffix. */
function unrolled(cell: Cell, I: number, H: number, suffix: string, options: RecurrentOptions): Layer {
  const { recurrentDropout, initialStates = "zero", initial = {}, output = "sequence" } = options;
  const own = cell.parameters(I, H), states = Object.entries(cell.states(H)), learned = initialStates === "learned";
  const steps = output === "last" ? "one" : "each";
  const unknown = Object.keys(initial).find((name) => !Object.hasOwn(own, name));
  if (unknown) {
    throw new OptionError(
      `Cannot initialise "${unknown}": the cell "${cell.name}" has the parameters ${Object.keys(own).join(", ")}`,
    );
  }
  const parameters: Record<string, Parameter> = {};
  for (const [name, parameter] of Object.entries(own)) {
    parameters[name + suffix] = { ...parameter, initial: initial[name] ?? parameter.initial };
  }
  if (learned) {
    for (const [name, width] of states) parameters[`initial_${name}${suffix}`] = { shape: [width], initial: zeros() };
  }
  return {
    name: cell.name,
    input: { kind: "values", width: I },
    output: { kind: "values", width: states[0][1], steps },
    parameters,
    states: states.map(([name, width]) => ({ name: name + suffix, width, learned })),
    sourceWidths: cell.sourceWidths,
    plan: (scope, x) => unroll(scope.within("", suffix), cell, x, H, { recurrentDropout, learned, output }),
  };
}
