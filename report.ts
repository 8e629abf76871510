/**
 * A training as a page to look at: curves, gradients by time step, histograms, samples. One HTML file, which needs
 * nothing else.
 *
 * @module
 */
export type { Facts, TrainingReportOptions } from "./src/report/report_options.ts";
export { TrainingReport } from "./src/report/training_report.ts";
