/**
 * Reads models of TensorFlow.js as layers that can be trained, and writes nets as models of TensorFlow.js.
 *
 * @module
 */
export type { KerasModel } from "./src/keras/model.ts";
export { type ReadFile, readTfjs } from "./src/keras/read_tfjs.ts";
export { writeTfjs } from "./src/keras/write_tfjs.ts";
export type { KerasOptions } from "./src/keras/write/config.ts";
export type { Head } from "./src/keras/read/net.ts";
export type { PostPadded } from "./src/keras/read/padding.ts";
