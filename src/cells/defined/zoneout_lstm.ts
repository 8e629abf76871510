import { defineCell, type DefinedCell } from "../equations/define_cell.ts";
import { rate, readOptions, type Table } from "../../options.ts";

/** Options of `zoneoutLstm`. */
export interface ZoneoutOptions {
  /**
   * Probability that an element of c keeps its value at a step.
   *
   * @default {0.5}
   */
  cell?: number;
  /**
   * Probability that an element of h keeps its value at a step.
   *
   * @default {0.05}
   */
  hidden?: number;
}

const ZONEOUT = { cell: [rate, 0.5], hidden: [rate, 0.05] } satisfies Table<ZoneoutOptions>;

/**
 * The LSTM with zoneout (Krueger et al. 2017, "Zoneout: regularizing RNNs by randomly preserving hidden activations"):
 * in training some elements of the states keep their values. Gate order i, f, g, o; d and e are masks, 0 with the
 * probabilities p and q, else 1 / (1 - p) and 1 / (1 - q):
 *
 *     i, f, o = sigmoid(z_i, z_f, z_o),  g = tanh(z_g),  z = x U + b + h' W
 *     s = f c' + i g                                 h', c' are the states before the step
 *     c = c' + (1 - p) d (s - c')
 *     h = h' + (1 - q) e (o tanh(s) - h')
 *
 * Outside of training the masks are 1, which gives the expected values.
 *
 * @throws {OptionError} When a probability is not in [0, 1).
 *
 * @example
 * ```ts
 * import { recurrent } from "@unroll/rnn";
 * import { zoneoutLstm } from "@unroll/rnn/cells";
 * import { assertEquals } from "@std/assert";
 *
 * const rnn = recurrent(zoneoutLstm({ cell: 0.3 }), { input: 5, hidden: 7 });
 * assertEquals(rnn.parameters.weight_hh_l0.shape, [28, 7]);
 * ```
 */
export function zoneoutLstm(options: ZoneoutOptions = {}): DefinedCell {
  const { cell: p, hidden: q } = readOptions("zoneoutLstm", ZONEOUT, options);
  return defineCell({
    name: `zoneout-lstm-${p}-${q}`,
    gates: ["i", "f", "g", "o"],
    states: ["h", "c"],
    masks: { d: p, e: q },
    step({ x, W, h, c, d, e }, { sigmoid, tanh }) {
      const i = sigmoid(x.i.plus(W.i(h))), f = sigmoid(x.f.plus(W.f(h))), o = sigmoid(x.o.plus(W.o(h)));
      const s = f.times(c).plus(i.times(tanh(x.g.plus(W.g(h)))));
      const change = o.times(tanh(s)).minus(h);
      return { h: h.plus(e.times(1 - q).times(change)), c: c.plus(d.times(1 - p).times(s.minus(c))) };
    },
  });
}
