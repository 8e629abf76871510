/**
 * Models of Keras: read, trained further, written.
 *
 * @module
 */
export { KerasModel } from "./src/keras/model.ts";
export { readKeras, readKerasConfig, readKerasWeights } from "./src/hdf5/reader.ts";
