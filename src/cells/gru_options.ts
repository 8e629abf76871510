import { OptionError } from "../errors.ts";
import { type Activation, completeActivation, describeActivation, type NamedActivation } from "../ops/activation.ts";
import { requireClip } from "../ops/gate.ts";

/** Options of `gru`. */
export interface GruOptions {
  /**
   * Whether the reset gate acts after the recurrent matmul, as in PyTorch, or before the matmul.
   *
   * @default {"after"}
   */
  reset?: "after" | "before";
  /**
   * Whether the cell has biases.
   *
   * @default {true}
   */
  bias?: boolean;
  /** Clamps the arguments of the gates and of n to [-clip, clip], as ONNX's `clip`. Default: no limit. */
  clip?: number;
  /** Nonlinearities other than the defaults. */
  activations?: GruActivations;
}

/** The nonlinearities of a GRU; ONNX calls them f and g. */
export interface GruActivations {
  /**
   * The nonlinearity of r and u.
   *
   * @default {"sigmoid"}
   */
  gates?: Activation;
  /**
   * The nonlinearity of n.
   *
   * @default {"tanh"}
   */
  candidate?: Activation;
}

/** Checked options of `gru`, with the defaults filled in. */
export interface GruSettings {
  /** Name of the cell, with every option that is not the default. */
  readonly name: string;
  /** Whether the reset gate acts after the recurrent matmul or before the matmul. */
  readonly reset: "after" | "before";
  /** Whether the cell has biases. */
  readonly bias: boolean;
  /** Limit of the nonlinearities' arguments; undefined: no limit. */
  readonly clip: number | undefined;
  /** The nonlinearities with their alpha and beta. */
  readonly activations: Readonly<Record<keyof GruActivations, NamedActivation>>;
  /** Whether clip and nonlinearities are the defaults, for which fused kernels exist. */
  readonly plain: boolean;
}

/** Checks the options and fills in the defaults. */
export function gruSettings({ reset = "after", bias = true, clip, activations = {} }: GruOptions): GruSettings {
  if (reset !== "after" && reset !== "before") {
    throw new OptionError(`"reset" must be "after" or "before", got ${JSON.stringify(reset)}`);
  }
  if (clip !== undefined) requireClip(clip);
  const gates = completeActivation("activations.gates", activations.gates ?? "sigmoid");
  const candidate = completeActivation("activations.candidate", activations.candidate ?? "tanh");
  const variant = [
    ...(clip === undefined ? [] : ["clip", clip]),
    ...(gates.name === "sigmoid" ? [] : ["gates", describeActivation(gates)]),
    ...(candidate.name === "tanh" ? [] : ["candidate", describeActivation(candidate)]),
  ];
  const name = ["gru", ...(reset === "after" ? [] : ["reset-before"]), ...variant, ...(bias ? [] : ["no-bias"])].join(
    "-",
  );
  return { name, reset, bias, clip, activations: { gates, candidate }, plain: !variant.length };
}
