import type { Cell } from "../cells/cell.ts";
import { FormatError } from "../errors.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import { type TensorSource, writeSafetensors } from "../formats/safetensors_writer.ts";
import { Vocabulary, type VocabularyJSON } from "../text/vocabulary.ts";
import { ownCell } from "./own_cells.ts";

/** What makes up a language model. */
export interface LanguageModelParts {
  readonly vocabulary: Vocabulary;
  readonly cell: Cell;
  readonly hidden: readonly number[];
  readonly embedding?: number;
  readonly tied?: boolean;
  readonly dropout?: number;
  readonly tensors: ReadonlyMap<string, TensorSource>;
}

/** The metadata key under which everything but the tensors is kept, as JSON. */
const KEY = "unroll.language_model";
const VERSION = 1;

interface Description {
  version: number;
  vocabulary: VocabularyJSON;
  cell: string;
  hidden: number[];
  embedding?: number;
  tied?: boolean;
  dropout?: number;
}

/** A language model as a safetensors file. */
export function writeModel(
  { vocabulary, cell, hidden, embedding, tied, dropout, tensors }: LanguageModelParts,
): Uint8Array<ArrayBuffer> {
  const description: Description = {
    version: VERSION,
    vocabulary: vocabulary.toJSON(),
    cell: cell.name,
    hidden: [...hidden],
    embedding,
    tied: tied || undefined,
    dropout: dropout || undefined,
  };
  return writeSafetensors(tensors, { [KEY]: JSON.stringify(description) });
}

/** Read what `writeModel` wrote. `cell` stands in for a cell that is not one of the library's. */
export function readModel(bytes: Uint8Array, cell?: Cell): LanguageModelParts {
  const { tensors, metadata } = readSafetensors(bytes);
  const description = parse(metadata[KEY]);
  return {
    vocabulary: Vocabulary.fromJSON(description.vocabulary),
    cell: cell ?? ownCell(description.cell, "a language model"),
    hidden: description.hidden,
    embedding: description.embedding,
    tied: description.tied,
    dropout: description.dropout,
    tensors,
  };
}

function parse(text: string | undefined): Description {
  const refuse = (reason: string) => new FormatError(`Cannot load a language model: ${reason}`);
  if (text === undefined) throw refuse(`the file has no metadata "${KEY}"; was it written by save()?`);
  let value: Partial<Description>;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse(`metadata "${KEY}" is not JSON (${(cause as Error).message})`);
  }
  if (value?.version !== VERSION) throw refuse(`its version must be ${VERSION}, got ${value?.version}`);
  const { hidden, cell, vocabulary } = value;
  if (!Array.isArray(hidden) || typeof cell !== "string" || typeof vocabulary !== "object") {
    throw refuse(`metadata "${KEY}" must have "vocabulary", "cell" and "hidden"`);
  }
  return value as Description;
}
