/**
 * Reads models of TensorFlow.js as layers that can be trained, and writes nets as models of TensorFlow.js.
 *
 * @module
 */
export type { ReadLimits } from "./src/formats/limits.ts";
export type { KerasModel } from "./src/keras/model.ts";
export type { ReadFile, TfjsArtifacts, TfjsBytes, TfjsFile, TfjsSource } from "./src/keras/files/tfjs_source.ts";
export { readTfjs, type ReadTfjsOptions } from "./src/keras/read_tfjs.ts";
export { writeTfjs } from "./src/keras/write_tfjs.ts";
export type { KerasOptions } from "./src/keras/write/config.ts";
export type { Head } from "./src/keras/read/net.ts";
export type { PostPadded } from "./src/keras/read/padding.ts";
