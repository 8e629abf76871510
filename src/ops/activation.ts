import { OptionError, requireNumber } from "../errors.ts";
import { ACTIVATION } from "../kernels/activation_kinds.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";

/** The nonlinearities of ONNX's recurrent operators, and `identity`. */
export type ActivationName = keyof typeof ACTIVATION;

/** The numbers of a nonlinearity that has some. */
export interface ActivationOptions {
  /** Default: ONNX's. */
  readonly alpha?: number;
  /** Default: ONNX's. */
  readonly beta?: number;
}

/** A nonlinearity with its numbers. */
export interface NamedActivation extends ActivationOptions {
  /** Which one. */
  readonly name: ActivationName;
}

/** A nonlinearity: a name, or a name and numbers. */
export type Activation = ActivationName | NamedActivation;

/** alpha and beta, as far as there are any, when they are not given. */
const DEFAULTS: Partial<Record<ActivationName, Required<ActivationOptions> | { readonly alpha: number }>> = {
  affine: { alpha: 1, beta: 0 },
  leakyRelu: { alpha: 0.01 },
  thresholdedRelu: { alpha: 1 },
  scaledTanh: { alpha: 1, beta: 1 },
  hardSigmoid: { alpha: 0.2, beta: 0.5 },
  elu: { alpha: 1 },
};

/** Those whose gradient needs nothing but their result. */
const FROM_OUTPUT: readonly ActivationName[] = ["identity", "relu", "tanh", "sigmoid"];

/**
 * A nonlinearity with all its numbers. `what` is the name under which the caller knows it.
 *
 * @throws {OptionError} When the name is unknown, or a number is not finite or not one that it has.
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

/** As part of a cell's name: `hardSigmoid-0.2-0.5`. Of a complete one. */
export function describeActivation({ name, alpha, beta }: NamedActivation): string {
  return [name, alpha, beta].filter((part) => part !== undefined).join("-");
}

/** A nonlinearity with its numbers in memory. Addresses, then a size `[m, n]`, then row strides. */
export interface Nonlinearity {
  /** Whether the gradient is computed from y = f(x) alone, so that y may take the place of x. */
  readonly fromOutput: boolean;
  /** y = f(x); y may be x. */
  forward(k: Kernels, y: number, x: number, m: number, n: number, ldy: number, ldx: number): void;
  /** dx = dy f'(x), y being f(x); dx may be any of the three others. With `fromOutput` x is not read. */
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
 * Put a nonlinearity's numbers into memory.
 *
 * @throws {OptionError} When it is none.
 */
export function nonlinearity(scope: Scope, activation: Activation): Nonlinearity {
  const { name, alpha = 0, beta = 0 } = completeActivation("activation", activation), kind = ACTIVATION[name];
  const numbers = scope.constant(`numbers of ${name}`, [alpha, beta]);
  return {
    fromOutput: FROM_OUTPUT.includes(name),
    forward: (k, y, x, m, n, ldy, ldx) => k.activate(y, x, numbers.address, kind, m, n, ldy, ldx),
    backward(k, dx, dy, x, y, m, n, lddx, lddy, ldx, ldy) {
      k.activateBackward(dx, dy, x, y, numbers.address, kind, m, n, lddx, lddy, ldx, ldy);
    },
  };
}
