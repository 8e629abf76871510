import {
  adagrad,
  adam,
  adamw,
  type Optimizer,
  type ParameterGroup,
  rmsprop,
  type Schedule,
  sgd,
} from "../../../mod.ts";

/** Options of `torch.optim`, as PyTorch names them. */
export type TorchOptions = Readonly<Record<string, unknown>>;

const NAMES: Readonly<Record<string, string>> = {
  lr: "learningRate",
  weight_decay: "weightDecay",
  eps: "epsilon",
  lr_decay: "learningRateDecay",
  initial_accumulator_value: "initialAccumulator",
};

const OPTIMIZERS: Readonly<Record<string, (options: object) => Optimizer>> = {
  SGD: sgd,
  RMSprop: rmsprop,
  Adagrad: adagrad,
  Adam: adam,
  AdamW: adamw,
};

/** The optimizer that PyTorch calls so, with these options. */
export function torchOptimizer(
  name: string,
  options: TorchOptions,
  more: { schedule?: Schedule; groups?: ParameterGroup[] } = {},
): Optimizer {
  return OPTIMIZERS[name]({ ...torchNames(options), ...more });
}

/** Options by our names. */
export function torchNames(options: TorchOptions): object {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [NAMES[name] ?? name, value]));
}
