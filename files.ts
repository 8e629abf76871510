/**
 * Writes files atomically, and reads the files beside a model, in Deno and Node.
 *
 * @module
 */
export { FileError } from "./src/errors.ts";
export { filesBeside } from "./src/files/beside.ts";
export { latest, requireWritable, saveFile, saveNext, type SaveNextOptions } from "./src/files/save.ts";
