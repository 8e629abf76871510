import { OptionError } from "../errors.ts";
import { type Activation, completeActivation, describeActivation, type NamedActivation } from "../ops/activation.ts";
import { requireClip } from "../ops/gate.ts";

/** Options of `gru`. */
export interface GruOptions {
  /** Whether the reset gate acts after the recurrent product (PyTorch) or before it. Default `"after"`. */
  reset?: "after" | "before";
  /** Whether there are biases. Default true. */
  bias?: boolean;
  /** Clamps what goes into the gates and into n to [-clip, clip], as ONNX's `clip`. Default none. */
  clip?: number;
  /** Other nonlinearities. */
  activations?: GruActivations;
}

/** The nonlinearities of a GRU; ONNX calls them f and g. */
export interface GruActivations {
  /** Of r and u. Default `"sigmoid"`. */
  gates?: Activation;
  /** Of n. Default `"tanh"`. */
  candidate?: Activation;
}

/** Options of `gru`, checked and complete. */
export interface GruSettings {
  /** Says all that is not the default. */
  readonly name: string;
  /** Whether the reset gate acts after the recurrent product or before it. */
  readonly reset: "after" | "before";
  /** Whether there are biases. */
  readonly bias: boolean;
  /** The limit of what goes into the nonlinearities; undefined: none. */
  readonly clip: number | undefined;
  /** The nonlinearities with all their numbers. */
  readonly activations: Readonly<Record<keyof GruActivations, NamedActivation>>;
  /** Whether clip and nonlinearities are the default, for which there are fused kernels. */
  readonly plain: boolean;
}

/** Check options; the name says all that is not the default. */
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
