import { OptionError, requireNumber } from "../errors.ts";
import { ACTIVATION } from "../kernels/activation_kinds.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";

/** The nonlinearities of ONNX's recurrent operators, and `identity`. */
export type ActivationName = keyof typeof ACTIVATION;

/** The numbers alpha and beta of a nonlinearity; see `activation` for the formulas. */
export interface ActivationOptions {
  /** The number alpha. Default: ONNX's. */
  readonly alpha?: number;
  /** The number beta. Default: ONNX's. */
  readonly beta?: number;
}

/** A nonlinearity with its alpha and beta. */
export interface NamedActivation extends ActivationOptions {
  /** Name of the nonlinearity. */
  readonly name: ActivationName;
}

/** A nonlinearity: a name, or a name with alpha and beta. */
export type Activation = ActivationName | NamedActivation;

/** Defaults of alpha and beta, for the nonlinearities that have them. */
const DEFAULTS: Partial<Record<ActivationName, Required<ActivationOptions> | { readonly alpha: number }>> = {
  affine: { alpha: 1, beta: 0 },
  leakyRelu: { alpha: 0.01 },
  thresholdedRelu: { alpha: 1 },
  scaledTanh: { alpha: 1, beta: 1 },
  hardSigmoid: { alpha: 0.2, beta: 0.5 },
  elu: { alpha: 1 },
};

/** The nonlinearities whose gradient follows from their output alone. */
const FROM_OUTPUT: readonly ActivationName[] = ["identity", "relu", "tanh", "sigmoid"];

/**
 * Fills in the defaults of alpha and beta.
 *
 * @param what Name of the option in error messages.
 * @throws {OptionError} When the name is unknown, or alpha or beta is not finite or not a number of this nonlinearity.
 */
export function completeActivation(what: string, activation: Activation): NamedActivation {
  const { name, ...numbers } = typeof activation === "object" ? activation : { name: activation };
  if (!Object.hasOwn(ACTIVATION, name)) {
    const names = Object.keys(ACTIVATION).join(", ");
    throw new OptionError(`"${what}" must be one of ${names}, got ${JSON.stringify(name)}`);
  }
  const complete: Record<string, number> = { ...DEFAULTS[name] };
  for (const [key, number] of Object.entries(numbers)) {
    if (number === undefined) continue;
    if (!Object.hasOwn(complete, key)) throw new OptionError(`"${what}" has no "${key}": it is ${name}`);
    complete[key] = requireNumber(key, number);
  }
  return { name, ...complete };
}

/** The nonlinearity in the name of a cell: `hardSigmoid-0.2-0.5`. Expects the result of `completeActivation`. */
export function describeActivation({ name, alpha, beta }: NamedActivation): string {
  return [name, alpha, beta].filter((part) => part !== undefined).join("-");
}

/** A nonlinearity with alpha and beta in memory. Arguments: addresses, then a size `[m, n]`, then row strides. */
export interface Nonlinearity {
  /** Whether the gradient follows from y = f(x) alone, so that y may overwrite x. */
  readonly fromOutput: boolean;
  /** y = f(x). y may be x. */
  forward(k: Kernels, y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** dx = dy f'(x) with y = f(x). dx may be dy, x or y. With `fromOutput`, x is not read. */
  backward(
    k: Kernels,
    dx: number,
    dy: number,
    x: number,
    y: number,
    m: number,
    n: number,
    lddx: number,
    lddy: number,
    ldx: number,
    ldy: number,
  ): void;
}

/**
 * Plans a nonlinearity.
 *
 * @throws {OptionError} When the nonlinearity is unknown, or alpha or beta is wrong.
 */
export function nonlinearity(scope: Scope, activation: Activation): Nonlinearity {
  const { name, alpha = 0, beta = 0 } = completeActivation("activation", activation);
  const kind = ACTIVATION[name];
  const numbers = scope.constant(`numbers of ${name}`, [alpha, beta]);
  return {
    fromOutput: FROM_OUTPUT.includes(name),
    forward: (k, y, x, m, n, ldy, ldx) => k.activate(y, x, numbers.address, kind, m, n, ldy, ldx),
    backward(k, dx, dy, x, y, m, n, lddx, lddy, ldx, ldy) {
      k.activateBackward(dx, dy, x, y, numbers.address, kind, m, n, lddx, lddy, ldx, ldy);
    },
  };
}
