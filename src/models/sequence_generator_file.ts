import type { Cell } from "../cells/cell.ts";
import { FormatError } from "../errors.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import { type TensorSource, writeSafetensors } from "../formats/safetensors_writer.ts";
import { Vocabulary, type VocabularyJSON } from "../text/vocabulary.ts";
import { ownCell } from "./own_cells.ts";

/** What a generator's net is made of. */
export interface SequenceGeneratorShape {
  readonly cell: Cell;
  readonly hidden: readonly number[];
  readonly embedding: number;
  readonly dropout: number;
}

/** What makes up a generator. */
export interface SequenceGeneratorParts extends SequenceGeneratorShape {
  readonly vocabulary: Vocabulary;
  readonly labels: readonly string[];
  readonly vector: number;
  readonly longest: number;
}

/** The metadata key under which everything but the tensors is kept, as JSON. */
const KEY = "unroll.sequence_generator";
const VERSION = 1;

type Description = Omit<SequenceGeneratorParts, "cell" | "vocabulary"> & {
  readonly version: number;
  readonly cell: string;
  readonly vocabulary: VocabularyJSON;
};

/** A generator as a safetensors file. */
export function writeGenerator(
  { cell, vocabulary, ...rest }: SequenceGeneratorParts,
  tensors: ReadonlyMap<string, TensorSource>,
): Uint8Array<ArrayBuffer> {
  const description: Description = { version: VERSION, ...rest, cell: cell.name, vocabulary: vocabulary.toJSON() };
  return writeSafetensors(tensors, { [KEY]: JSON.stringify(description) });
}

/** Read what `writeGenerator` wrote. `cell` stands in for a cell that is not one of the library's. */
export function readGenerator(
  bytes: Uint8Array,
  cell?: Cell,
): SequenceGeneratorParts & { readonly tensors: ReturnType<typeof readSafetensors>["tensors"] } {
  const { tensors, metadata } = readSafetensors(bytes);
  const { version: _, cell: name, vocabulary, ...rest } = parse(metadata[KEY]);
  return {
    ...rest,
    cell: cell ?? ownCell(name, "a sequence generator"),
    vocabulary: Vocabulary.fromJSON(vocabulary),
    tensors,
  };
}

function parse(text: string | undefined): Description {
  const refuse = (reason: string) => new FormatError(`Cannot load a sequence generator: ${reason}`);
  if (text === undefined) throw refuse(`the file has no metadata "${KEY}"; was it written by save()?`);
  let value;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse(`metadata "${KEY}" is not JSON (${(cause as Error).message})`);
  }
  if (value?.version !== VERSION) throw refuse(`its version must be ${VERSION}, got ${value?.version}`);
  const missing = ["vocabulary", "labels", "vector", "longest", "cell", "hidden", "embedding", "dropout"]
    .filter((name) => value[name] === undefined);
  if (missing.length) throw refuse(`metadata "${KEY}" has no "${missing.join('", "')}"`);
  return value;
}
