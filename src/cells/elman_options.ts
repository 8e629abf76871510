import { type Activation, completeActivation, describeActivation, type NamedActivation } from "../ops/activation.ts";
import { requireClip } from "../ops/gate.ts";

/** Options of `elman`. */
export interface ElmanOptions {
  /**
   * The nonlinearity.
   *
   * @default {"tanh"}
   */
  activation?: Activation;
  /** Clamps the nonlinearity's argument to [-clip, clip], as ONNX's `clip`. Default: no limit. */
  clip?: number;
  /**
   * Whether the cell has biases.
   *
   * @default {true}
   */
  bias?: boolean;
}

/** Checked options of `elman`, with the defaults filled in. */
export interface ElmanSettings {
  /** Whether the cell has biases. */
  readonly bias: boolean;
  /** Limit of the nonlinearity's argument; undefined: no limit. */
  readonly clip: number | undefined;
  /** The nonlinearity with its alpha and beta. */
  readonly activation: NamedActivation;
}

/** Checks the options and fills in the defaults. */
export function elmanSettings({ activation = "tanh", clip, bias = true }: ElmanOptions): ElmanSettings {
  const complete = completeActivation("activation", activation);
  if (clip !== undefined) requireClip(clip);
  return { bias, clip, activation: complete };
}

/** The name of the cell, with every option that is not the default. */
export function elmanName({ bias, clip, activation }: ElmanSettings): string {
  const variant = [
    ...(activation.name === "tanh" ? [] : [describeActivation(activation)]),
    ...(clip === undefined ? [] : ["clip", clip]),
  ];
  return ["elman", ...variant, ...(bias ? [] : ["no-bias"])].join("-");
}
