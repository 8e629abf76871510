/**
 * Losses beside those of the main entry, with what reads their outputs: connectionist temporal classification, and
 * regression that outliers disturb less.
 *
 * @module
 */
export { ctc, type CtcOptions } from "./src/training/losses/ctc.ts";
export {
  type CtcBeamOptions,
  ctcBeamSearch,
  type CtcDecoding,
  type CtcDecodingOptions,
  ctcGreedy,
} from "./src/training/ctc_decoding.ts";
export { huber, type HuberOptions, smoothL1, type SmoothL1Options } from "./src/training/losses/regression.ts";
