import * as real from "../real.ts";
import * as single from "./single.ts";

/**
 * The arithmetic of the reference kernels. A reference kernel calls `round` on every intermediate result; a store into
 * the arena rounds by itself.
 */
export interface NumberMode {
  /** The number of the mode that is nearest to x. */
  round(x: number): number;
  exp(x: number): number;
  /** exp(x) - 1 */
  expm1(x: number): number;
  log(x: number): number;
  sigmoid(x: number): number;
  tanh(x: number): number;
  /** log(1 + exp(x)) */
  softplus(x: number): number;
  /** cos(2 pi u) for u in [0, 1). */
  cosTurn(u: number): number;
  /** sin(2 pi u) for u in [0, 1). */
  sinTurn(u: number): number;
}

/** f32: the operations of the plain build one by one, so that the bits are the same. */
export const f32: NumberMode = /* @__PURE__ */ Object.assign({ round: Math.fround }, single);

/** f64: the exact values, to about the last bit of a double. */
export const f64: NumberMode = /* @__PURE__ */ Object.assign({ round: (x: number) => x }, real);
