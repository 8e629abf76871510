/**
 * Checks of one's own cells and layers.
 *
 * @module
 */
export type { Finding, GradientCheck } from "./src/check/findings.ts";
export { gradientCheck } from "./src/check/gradient_check.ts";
export type { GradientCheckOptions } from "./src/check/trial.ts";
