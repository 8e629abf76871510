/**
 * Models of Keras: read, trained further, written.
 *
 * @module
 */
export { KerasModel } from "./src/keras/model.ts";
