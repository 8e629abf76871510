/**
 * Writes files atomically, in Deno and Node.
 *
 * @module
 */
export { FileError } from "./src/errors.ts";
export { latest, requireWritable, saveFile, saveNext, type SaveNextOptions } from "./src/files/save.ts";
