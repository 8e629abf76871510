import { anything, flag, positiveFinite, readOptions, type Table } from "../options.ts";
import { type Activation, completeActivation, describeActivation, type NamedActivation } from "../ops/activation.ts";

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

const ACTIVATIONS = {
  gates: [anything, "sigmoid"],
  candidate: [anything, "tanh"],
} satisfies Table<GruActivations>;

const GRU = {
  reset: [["after", "before"], "after"],
  bias: [flag, true],
  clip: [positiveFinite],
  activations: [anything, {}],
} satisfies Table<GruOptions>;

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
export function gruSettings(options: GruOptions): GruSettings {
  const { reset, bias, clip, activations } = readOptions("gru", GRU, options);
  const named = readOptions("the activations of gru", ACTIVATIONS, activations);
  const gates = completeActivation("activations.gates", named.gates);
  const candidate = completeActivation("activations.candidate", named.candidate);
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
