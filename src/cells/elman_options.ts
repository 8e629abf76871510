import { anything, flag, positiveFinite, readOptions, type Table } from "../options.ts";
import { type Activation, completeActivation, describeActivation, type NamedActivation } from "../ops/activation.ts";

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

const ELMAN = {
  activation: [anything, "tanh"], // Checked by `completeActivation`.
  clip: [positiveFinite],
  bias: [flag, true],
} satisfies Table<ElmanOptions>;

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
export function elmanSettings(options: ElmanOptions): ElmanSettings {
  const { bias, clip, activation } = readOptions("elman", ELMAN, options);
  return { bias, clip, activation: completeActivation("activation", activation) };
}

/** The name of the cell, with every option that is not the default. */
export function elmanName({ bias, clip, activation }: ElmanSettings): string {
  const variant = [
    ...(activation.name === "tanh" ? [] : [describeActivation(activation)]),
    ...(clip === undefined ? [] : ["clip", clip]),
  ];
  return ["elman", ...variant, ...(bias ? [] : ["no-bias"])].join("-");
}
