/**
 * Models of TensorFlow.js: read, trained further, written.
 *
 * @module
 */
export { KerasModel } from "./src/keras/model.ts";
export { type ReadFile, readTfjs } from "./src/tfjs/reader.ts";
