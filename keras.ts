/**
 * Reads models of Keras as layers that can be trained, and writes nets as models of Keras.
 *
 * @module
 */
export type { Head } from "./src/keras/read/net.ts";
export type { ReadLimits } from "./src/formats/limits.ts";
export type { KerasModel } from "./src/keras/model.ts";
export type { PostPadded } from "./src/keras/read/padding.ts";
export type { KerasOptions } from "./src/keras/write/config.ts";
export { readKerasParameters } from "./src/keras/read_parameters.ts";
export { readKeras, readKerasConfig, type ReadKerasOptions, readKerasWeights } from "./src/keras/read_keras.ts";
export { writeKeras, writeKerasWeights } from "./src/keras/write_keras.ts";
