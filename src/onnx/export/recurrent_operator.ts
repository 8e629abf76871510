import type { CellDescription } from "../../cells/description.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import type { NamedActivation } from "../../ops/activation.ts";
import { type GateOrder, GATES, placeBlocks } from "../format/gates.ts";
import type { RecurrentOperator } from "../run/recurrent_node.ts";
import { activationName } from "./activation.ts";
import type { AttributeValues } from "./graph_writer.ts";

/** The operator that unrolls a cell. */
export interface CellOperator {
  readonly operator: RecurrentOperator;
  readonly gates: GateOrder;
  /** The nonlinearities of one direction. */
  readonly functions: readonly NamedActivation[];
  /** The attributes besides those of `nodeAttributes`. */
  readonly attributes: AttributeValues;
  /** Whether the first gate of the cell is one minus the gate of the operator. Its weights then change their signs. */
  readonly mirrored?: true;
  /** The names of the cell's input and recurrent weights. */
  readonly weights: readonly [string, string];
}

/** The default nonlinearities of the operators. */
const DEFAULTS = { RNN: "tanh", GRU: "sigmoid,tanh", LSTM: "sigmoid,tanh,tanh" };

const WEIGHTS = ["weight_ih", "weight_hh"] as const;

/** The operator of a cell; undefined when ONNX has none. */
export function cellOperator(cell: CellDescription): CellOperator | undefined {
  if (cell.kind === "equations" || cell.kind === "notesLstm") return undefined;
  if (cell.kind === "notesGru") {
    return {
      operator: "GRU",
      gates: GATES.notesGru,
      functions: [],
      attributes: {},
      mirrored: true,
      weights: ["U", "W"],
    };
  }
  const clip = { clip: cell.clip === undefined ? undefined : { real: cell.clip } };
  switch (cell.kind) {
    case "elman":
      return {
        operator: "RNN",
        gates: GATES.RNN,
        functions: [cell.activation],
        attributes: clip,
        weights: WEIGHTS,
      };
    case "gru": {
      const { gates, candidate } = cell.activations;
      return {
        operator: "GRU",
        gates: GATES.GRU,
        functions: [gates, candidate],
        attributes: { linear_before_reset: cell.reset === "after" ? 1 : undefined, ...clip },
        weights: WEIGHTS,
      };
    }
    case "lstm": {
      const { gates, cell: input, hidden } = cell.activations;
      return {
        operator: "LSTM",
        gates: cell.coupled ? GATES.coupled : GATES.LSTM,
        functions: [gates, input, hidden],
        attributes: { input_forget: cell.coupled ? 1 : undefined, ...clip },
        weights: WEIGHTS,
      };
    }
  }
}

/**
 * The attributes of a node. The nonlinearities are listed once for each direction; alpha and beta only where they
 * exist.
 */
export function nodeAttributes(
  { operator, functions, attributes }: CellOperator,
  hidden: number,
  directions: number,
): AttributeValues {
  const all = Array.from({ length: directions }, () => functions).flat();
  const isDefault = functions.every(({ name }, i) => name === DEFAULTS[operator].split(",")[i]);
  // `identity` is written as `Affine`, with alpha 1 and beta 0.
  const complete = all.map((f) => f.name === "identity" ? { ...f, alpha: 1, beta: 0 } : f);
  const alphas = complete.flatMap(({ alpha }) => alpha ?? []);
  const betas = complete.flatMap(({ beta }) => beta ?? []);
  return {
    hidden_size: hidden,
    direction: directions === 2 ? "bidirectional" : undefined,
    activations: isDefault ? undefined : all.map(activationName),
    activation_alpha: alphas.length ? { real: alphas } : undefined,
    activation_beta: betas.length ? { real: betas } : undefined,
    ...attributes,
  };
}

/** The tensors of one direction of a node: W `[gates H, I]`, R `[gates H, H]`, B `[2 gates H]` and P `[3 H]`. */
interface NodeTensors {
  readonly W: Float32Array;
  readonly R: Float32Array;
  /** Undefined when the cell has no biases. */
  readonly B?: Float32Array;
  /** Undefined when the cell has no peepholes. */
  readonly P?: Float32Array;
}

/**
 * The tensors of one direction, with the gates in the order of the operator.
 *
 * An LSTM with projection, h = W_hr m, becomes an LSTM whose hidden state is m and whose R is W_hh W_hr.
 *
 * @param tensor The cell's parameter of a name; undefined when the cell does not have the parameter.
 */
export function nodeTensors(
  { gates: { gates, order, peepholes }, weights: [input, recurrent], mirrored }: CellOperator,
  tensor: (name: string) => TensorCopy | undefined,
): NodeTensors {
  const placed = (data: Float32Array) => {
    const blocks = placeBlocks(data, gates, order);
    return mirrored ? blocks.map((x, i) => i < blocks.length / gates ? -x : x) : blocks;
  };
  const ih = tensor("bias_ih"), hh = tensor("bias_hh");
  const P = tensor("weight_peephole");
  const projection = tensor("weight_hr");
  const R = tensor(recurrent)!;
  return {
    W: placed(tensor(input)!.data),
    R: placed(projection ? multiplied(R, projection) : R.data),
    B: ih && hh && Float32Array.from([...placed(ih.data), ...placed(hh.data)]),
    P: P && placeBlocks(P.data, 3, peepholes),
  };
}

/** The matrix product a b, with sums in double precision. */
function multiplied(a: TensorCopy, b: TensorCopy): Float32Array {
  const [m, k] = a.shape, [, n] = b.shape;
  const product = new Float32Array(m * n);
  for (let i = 0; i < m * n; i++) {
    const row = Math.floor(i / n) * k, column = i % n;
    let sum = 0;
    for (let j = 0; j < k; j++) sum += a.data[row + j] * b.data[j * n + column];
    product[i] = sum;
  }
  return product;
}
