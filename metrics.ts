/**
 * Metrics of classes, for `evaluate` and `fit`.
 *
 * @module
 */
export {
  accuracy,
  type ClassAverageOptions,
  type ClassMetricOptions,
  confusionMatrix,
  f1,
  precision,
  recall,
} from "./src/training/metrics/classification.ts";
