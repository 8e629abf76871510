/**
 * Models of Keras: read, trained further, written.
 *
 * @module
 */
export type { Head } from "./src/keras/assemble.ts";
export type { KerasModel } from "./src/keras/model.ts";
export type { Packed } from "./src/keras/padding.ts";
export type { KerasOptions } from "./src/keras/write_config.ts";
export { readKerasParameters } from "./src/hdf5/parameters.ts";
export { readKeras, readKerasConfig, readKerasWeights } from "./src/hdf5/reader.ts";
export { writeKeras, writeKerasWeights } from "./src/hdf5/writer.ts";
