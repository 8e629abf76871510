import { anything, count, flag, positiveFinite, readOptions, type Table } from "../options.ts";
import { type Activation, completeActivation, describeActivation, type NamedActivation } from "../ops/activation.ts";

/** Options of `lstm`. */
export interface LstmOptions {
  /**
   * Whether the cell has biases.
   *
   * @default {true}
   */
  bias?: boolean;
  /**
   * Width P of the output, PyTorch's `proj_size`: h = (o tanh(c)) W_hrᵀ with `weight_hr` `[P, H]`. Default: no
   * projection, h has width H.
   */
  projection?: number;
  /**
   * Whether i and f read the cell state before the step, and o the cell state after the step.
   *
   * @default {false}
   */
  peepholes?: boolean;
  /**
   * Whether f = 1 - i instead of a separate gate, ONNX's `input_forget`.
   *
   * @default {false}
   */
  coupled?: boolean;
  /** Clamps the arguments of the gates and of g to [-clip, clip], as ONNX's `clip`. Default: no limit. */
  clip?: number;
  /** Nonlinearities other than the defaults. */
  activations?: LstmActivations;
}

/** The nonlinearities of an LSTM; ONNX calls them f, g and h. */
export interface LstmActivations {
  /**
   * The nonlinearity of i, f and o.
   *
   * @default {"sigmoid"}
   */
  gates?: Activation;
  /**
   * The nonlinearity of g, the cell's input.
   *
   * @default {"tanh"}
   */
  cell?: Activation;
  /**
   * The nonlinearity of c in h = o tanh(c).
   *
   * @default {"tanh"}
   */
  hidden?: Activation;
}

const ACTIVATIONS = {
  gates: [anything, "sigmoid"],
  cell: [anything, "tanh"],
  hidden: [anything, "tanh"],
} satisfies Table<LstmActivations>;

const LSTM = {
  bias: [flag, true],
  projection: [count],
  peepholes: [flag, false],
  coupled: [flag, false],
  clip: [positiveFinite],
  activations: [anything, {}],
} satisfies Table<LstmOptions>;

/** Checked options of `lstm`, with the defaults filled in. */
export interface LstmSettings {
  /** Name of the cell, with every option that is not the default. */
  readonly name: string;
  /** Whether the cell has biases. */
  readonly bias: boolean;
  /** Width of the projected output; undefined: no projection. */
  readonly projection: number | undefined;
  /** Whether i, f and o read the cell state. */
  readonly peepholes: boolean;
  /** Whether f = 1 - i. */
  readonly coupled: boolean;
  /** Limit of the nonlinearities' arguments; undefined: no limit. */
  readonly clip: number | undefined;
  /** The nonlinearities with their alpha and beta. */
  readonly activations: Readonly<Record<keyof LstmActivations, NamedActivation>>;
  /** Whether all options but biases and projection are the defaults, for which fused kernels exist. */
  readonly plain: boolean;
}

/** Checks the options and fills in the defaults. */
export function lstmSettings(options: LstmOptions): LstmSettings {
  const read = readOptions("lstm", LSTM, options);
  const { bias, projection, peepholes, coupled, clip } = read;
  const { gates, cell, hidden } = readOptions("the activations of lstm", ACTIVATIONS, read.activations);
  const activations = {
    gates: completeActivation("activations.gates", gates),
    cell: completeActivation("activations.cell", cell),
    hidden: completeActivation("activations.hidden", hidden),
  };
  const equations = [
    ...(peepholes ? ["peepholes"] : []),
    ...(coupled ? ["coupled"] : []),
    ...(clip === undefined ? [] : ["clip", clip]),
    ...(activations.gates.name === "sigmoid" ? [] : ["gates", describeActivation(activations.gates)]),
    ...(activations.cell.name === "tanh" ? [] : ["cell", describeActivation(activations.cell)]),
    ...(activations.hidden.name === "tanh" ? [] : ["hidden", describeActivation(activations.hidden)]),
  ];
  const shapes = [...(projection ? ["projection", projection] : []), ...(bias ? [] : ["no-bias"])];
  const name = ["lstm", ...equations, ...shapes].join("-");
  return { name, bias, projection, peepholes, coupled, clip, activations, plain: !equations.length };
}
