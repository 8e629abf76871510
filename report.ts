/**
 * A training as a page to look at: curves, gradients by time step, histograms, samples. One HTML file, which needs
 * nothing else.
 *
 * @module
 */
export { type Facts, TrainingReport, type TrainingReportOptions } from "./src/report/training_report.ts";
