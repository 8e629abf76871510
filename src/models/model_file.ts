import type { Cell } from "../cells/cell.ts";
import { elman } from "../cells/elman.ts";
import { gru } from "../cells/gru.ts";
import { lstm } from "../cells/lstm.ts";
import { FormatError } from "../errors.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import { type TensorSource, writeSafetensors } from "../formats/safetensors_writer.ts";
import { Vocabulary, type VocabularyJSON } from "../text/vocabulary.ts";

/**
 * The file of every model: safetensors, the parameters by PyTorch's names, and under one key of the metadata, as JSON,
 * the kind of model and all that makes up its net. Written and read by the models' `save` and `load`.
 */
const KEY = "unroll.model";
const VERSION = 1;
/** Where language models of version 0.1 had the same. */
const OLD_KEY = "unroll.language_model", OLD_KIND = "language model";

/** Tokens of sequences: a vocabulary, or their number, when sequences are ids. */
export type Tokens = Vocabulary | number;

/** Tokens as a file has them. */
export type PlainTokens = VocabularyJSON | number;

/** A model as a file. `parts` are plain data but for the cell, which goes by its name. */
export function writeModel(
  kind: string,
  { cell, ...parts }: { readonly cell: Cell } & Readonly<Record<string, unknown>>,
  tensors: ReadonlyMap<string, TensorSource>,
): Uint8Array<ArrayBuffer> {
  return writeSafetensors(tensors, { [KEY]: JSON.stringify({ version: VERSION, kind, cell: cell.name, ...parts }) });
}

/**
 * Read what `writeModel` wrote. `cell` stands in for a cell that is not one of the library's.
 *
 * @param required The parts that the model cannot be without.
 * @throws {FormatError} When the bytes are not the file of such a model.
 */
export function readModel<Parts>(
  kind: string,
  bytes: Uint8Array,
  required: readonly (keyof Parts & string)[],
  cell?: Cell,
): { parts: Parts & { readonly cell: Cell }; tensors: ReadonlyMap<string, TensorSource> } {
  const { tensors, metadata } = readSafetensors(bytes);
  const refuse = (reason: string) => new FormatError(`Cannot load a ${kind}: ${reason}`);
  const isOld = !Object.hasOwn(metadata, KEY) && Object.hasOwn(metadata, OLD_KEY), key = isOld ? OLD_KEY : KEY;
  if (metadata[key] === undefined) throw refuse(`the file has no metadata "${key}"; was it written by save()?`);
  let value;
  try {
    value = JSON.parse(metadata[key]);
  } catch (cause) {
    throw refuse(`metadata "${key}" is not JSON (${(cause as Error).message})`);
  }
  const { version, kind: found = isOld ? OLD_KIND : undefined, ...parts } = value ?? {};
  if (version !== VERSION) throw refuse(`its version must be ${VERSION}, got ${version}`);
  if (found !== kind) throw refuse(`the file is that of a ${found}`);
  const missing = ["cell", ...required].filter((name) => parts[name] === undefined);
  if (missing.length) throw refuse(`metadata "${key}" has no "${missing.join('", "')}"`);
  const known = cell ?? ownCells().find(({ name }) => name === parts.cell);
  if (!known) throw refuse(`its cell "${parts.cell}" is none of ours; give it as option "cell"`);
  return { parts: { ...parts, cell: known }, tensors };
}

/** Tokens as plain data. */
export function plainTokens(tokens: Tokens): PlainTokens {
  return typeof tokens === "number" ? tokens : tokens.toJSON();
}

/** The tokens again. */
export function tokensOf(plain: PlainTokens): Tokens {
  return typeof plain === "number" ? plain : Vocabulary.fromJSON(plain);
}

/** The library's own cells, as far as their names say all of them. */
function ownCells(): Cell[] {
  return [true, false].flatMap((bias) => [
    lstm({ bias }),
    gru({ bias }),
    gru({ bias, reset: "before" }),
    elman({ bias }),
    elman({ bias, activation: "relu" }),
    elman({ bias, activation: "identity" }),
  ]);
}
