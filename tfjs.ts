/**
 * Models of TensorFlow.js: read, trained further, written.
 *
 * @module
 */
export type { KerasModel } from "./src/keras/model.ts";
export { type ReadFile, readTfjs } from "./src/tfjs/reader.ts";
export { writeTfjs } from "./src/tfjs/writer.ts";
export type { KerasOptions } from "./src/keras/write_config.ts";
export type { Head } from "./src/keras/assemble.ts";
export type { Packed } from "./src/keras/padding.ts";
