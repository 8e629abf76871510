import { requireInteger } from "../errors.ts";
import { type Activation, completeActivation, describeActivation, type NamedActivation } from "../ops/activation.ts";
import { requireClip } from "../ops/gate.ts";

/** Options of `lstm`. */
export interface LstmOptions {
  /** Whether there are biases. Default true. */
  bias?: boolean;
  /**
   * Width P of the output, PyTorch's `proj_size`: h = (o tanh(c)) W_hrᵀ, `weight_hr` `[P, H]`. Default none: h has
   * width H.
   */
  projection?: number;
  /** Whether i and f see the cell state before the step, and o the one after it. Default false. */
  peepholes?: boolean;
  /** Whether f = 1 - i instead of a gate of its own, ONNX's `input_forget`. Default false. */
  coupled?: boolean;
  /** Clamps what goes into the gates and into g to [-clip, clip], as ONNX's `clip`. Default none. */
  clip?: number;
  /** Other nonlinearities. */
  activations?: LstmActivations;
}

/** The nonlinearities of an LSTM; ONNX calls them f, g and h. */
export interface LstmActivations {
  /** Of i, f and o. Default `"sigmoid"`. */
  gates?: Activation;
  /** Of g, the cell's input. Default `"tanh"`. */
  cell?: Activation;
  /** Of c, where h = o tanh(c). Default `"tanh"`. */
  hidden?: Activation;
}

/** Options of `lstm`, checked and complete. */
export interface LstmSettings {
  /** Says all that is not the default. */
  readonly name: string;
  /** Whether there are biases. */
  readonly bias: boolean;
  /** Width of the output where it is projected. */
  readonly projection: number | undefined;
  /** Whether i, f and o see the cell state. */
  readonly peepholes: boolean;
  /** Whether f = 1 - i. */
  readonly coupled: boolean;
  /** The limit of what goes into the nonlinearities; undefined: none. */
  readonly clip: number | undefined;
  /** The nonlinearities with all their numbers. */
  readonly activations: Readonly<Record<keyof LstmActivations, NamedActivation>>;
  /** Whether there is nothing but biases and a projection, for which there are fused kernels. */
  readonly plain: boolean;
}

/** Check options; the name says all that is not the default. */
export function lstmSettings(options: LstmOptions): LstmSettings {
  const { bias = true, projection, peepholes = false, coupled = false, clip } = options;
  const { gates = "sigmoid", cell = "tanh", hidden = "tanh" } = options.activations ?? {};
  if (projection !== undefined) requireInteger("projection", projection, 1);
  if (clip !== undefined) requireClip(clip);
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
