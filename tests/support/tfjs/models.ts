/** The models of models.json, which make_models.mjs writes. */
import { type KerasModel, readTfjs } from "../../../tfjs.ts";
import packed from "../../fixtures/tfjs/models.json" with { type: "json" };

/** A layers model, and inputs `[B, T, ...]` with its outputs in TensorFlow.js: one or several. */
interface ModelCase {
  readonly name: string;
  readonly B: number;
  readonly T: number;
  /** The files by name. */
  readonly files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
  readonly sets: readonly { readonly x: Float32Array; readonly y: readonly Float32Array[] }[];
}

const floats = (data: string) => new Float32Array(Uint8Array.fromBase64(data).buffer);

/** The file of a JSON value. */
export function jsonFile(json: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(json));
}

export const MODELS: readonly ModelCase[] = packed.map(({ name, B, T, json, files, sets }) => ({
  name,
  B,
  T,
  files: {
    "model.json": jsonFile(json),
    ...Object.fromEntries(Object.entries(files).map(([name, data]) => [name, Uint8Array.fromBase64(data)])),
  },
  sets: sets.map(({ x, y }) => ({ x: floats(x), y: y.map(floats) })),
}));

/** The case of a name. */
export function caseNamed(name: string): ModelCase {
  return MODELS.find((one) => one.name === name)!;
}

/** Reads a model from files in memory. */
export function readFiles(files: ModelCase["files"]): Promise<KerasModel> {
  return readTfjs((path) => files[path]);
}
