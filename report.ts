/**
 * Training reports: curves, gradients by time step, histograms and samples in one self-contained HTML file.
 *
 * @module
 */
export { type Facts, TrainingReport, type TrainingReportOptions } from "./src/report/training_report.ts";
