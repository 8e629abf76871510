import { OptionError } from "../../errors.ts";
import type { Cell } from "../cell.ts";
import type { ElmanSettings } from "../elman_options.ts";
import type { GruSettings } from "../gru_options.ts";
import type { LstmSettings } from "../lstm_options.ts";
import { checkedCell } from "./checked_cell.ts";
import { type defineCell, type DefinedCell, savedCells, withText } from "./define_cell.ts";
import type { EquationsCell } from "./equations_cell.ts";
import type { Expression, StepFunctions } from "./expression.ts";

/**
 * A cell of the library as its equations: the same name, parameters and results. `String` prints the equations, forward
 * and backward. tests/cells/equations/built_in_test.ts compares the bits.
 *
 * @throws {OptionError} When the cell is none of the library's, or has attention.
 *
 * @example
 * ```ts
 * import { lstm } from "@unroll/rnn";
 * import { byEquations } from "@unroll/rnn/cells";
 * import { assert } from "@std/assert";
 *
 * assert(String(byEquations(lstm())).includes("\nc = f c' + i g\n"));
 * ```
 */
export function byEquations(cell: Cell): DefinedCell {
  const { description, name, equations } = cell;
  savedCells();
  if (equations) return withText(cell as EquationsCell);
  const make = description && description.kind !== "equations" ? MAKERS[description.kind] : undefined;
  if (!make) throw new OptionError(`Cannot write the cell "${name}" by equations: it is none of the library's`);
  return withText({
    ...checkedCell({ ...make(description as never), name } as Parameters<typeof checkedCell>[0]),
    description,
  });
}

/** z clamped to the limit, if there is one. */
const limited = ({ clamp }: StepFunctions, clip: number | undefined) => (z: Expression) =>
  clip === undefined ? z : clamp(z, clip);

/** z = x U + b + h' W, h = f(z) */
const elman = ({ bias, clip, activation: f }: ElmanSettings) =>
  defined({
    gates: ["z"],
    states: ["h"],
    bias,
    step: ({ x, W, h }, all) => ({ h: all.activation(limited(all, clip)(x.z.plus(W.z(h))), f) }),
  });

/** h = (1 - u) n + u h', with n = N(x_n + r (h' W_n)) or N(x_n + (r h') W_n) */
const gru = ({ bias, clip, reset, activations, plain }: GruSettings) =>
  defined({
    gates: ["r", "u", "n"],
    states: ["h"],
    bias,
    step({ x, W, h }, all) {
      const { activation, multiplyAdd } = all, z = limited(all, clip);
      const r = activation(z(x.r.plus(W.r(h))), activations.gates);
      const u = activation(z(x.u.plus(W.u(h))), activations.gates);
      const product = reset === "after" ? r.times(W.n(h)) : W.n(r.times(h));
      const n = activation(z(x.n.plus(product)), activations.candidate), change = h.minus(n);
      return { h: plain ? multiplyAdd(n, u, change) : n.plus(u.times(change)) };
    },
  });

/** c = f c' + i g or c' + i (g - c'), h = o Q(c) or (o Q(c)) W_hr; i, f and o read c with peepholes */
const lstm = ({ bias, projection, peepholes, coupled, clip, activations }: LstmSettings) =>
  defined({
    gates: coupled ? ["i", "g", "o"] : ["i", "f", "g", "o"],
    states: { h: projection ?? "H", c: "H" },
    bias,
    weights: projection ? { weight_hr: { rows: projection } } : {},
    vectors: peepholes ? { weight_peephole: { rows: coupled ? 2 : 3 } } : {},
    step({ x, W, h, c, weight_hr, weight_peephole: p }, all) {
      const { activation } = all, z = (gate: "i" | "f" | "g" | "o") => x[gate].plus(W[gate](h));
      const S = (z: Expression, row: number, c: Expression) =>
        activation(limited(all, clip)(p ? z.plus(p[row].times(c)) : z), activations.gates);
      const i = S(z("i"), 0, c), f = coupled ? undefined : S(z("f"), 1, c);
      const g = activation(limited(all, clip)(z("g")), activations.cell);
      const next = f ? f.times(c).plus(i.times(g)) : c.plus(i.times(g.minus(c)));
      const m = S(z("o"), coupled ? 1 : 2, next).times(activation(next, activations.hidden));
      return { h: projection ? weight_hr(m) : m, c: next };
    },
  });

/** h = (1 - z) h' + z h~, h~ = tanh(x U^h + (r h') W^h) */
const notesGru = () =>
  defined({
    gates: ["z", "r", "h"],
    states: ["h"],
    bias: false,
    weightNames: ["U", "W"],
    step({ x, W, h }, { sigmoid, tanh }) {
      const z = sigmoid(x.z.plus(W.z(h))), r = sigmoid(x.r.plus(W.r(h)));
      const c = tanh(x.h.plus(W.h(r.times(h)))); // h~
      return { h: h.plus(z.times(c.minus(h))) };
    },
  });

/** C = sigmoid(f C' + i C~), h = tanh(C) o */
const notesLstm = () =>
  defined({
    gates: ["i", "f", "o", "g"],
    states: ["h", "c"],
    bias: false,
    weightNames: ["U", "W"],
    step({ x, W, h, c: C }, { sigmoid, tanh }) {
      const i = sigmoid(x.i.plus(W.i(h))), f = sigmoid(x.f.plus(W.f(h)));
      const o = sigmoid(x.o.plus(W.o(h))), g = tanh(x.g.plus(W.g(h)));
      const c = sigmoid(f.times(C).plus(i.times(g)));
      return { h: tanh(c).times(o), c };
    },
  });

type Definition = Omit<Parameters<typeof defineCell<string, string>>[0], "name" | "step"> & {
  // deno-lint-ignore no-explicit-any -- options decide which weights and vectors there are
  step(inputs: any, functions: StepFunctions): Record<string, Expression>;
  readonly vectors?: object;
  readonly weights?: object;
};

const defined = (definition: Definition) => definition;

const MAKERS = { elman, gru, lstm, notesGru, notesLstm } as Record<string, (settings: never) => Definition>;
