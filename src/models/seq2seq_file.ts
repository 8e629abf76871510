import type { Cell } from "../cells/cell.ts";
import { FormatError } from "../errors.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import { type TensorSource, writeSafetensors } from "../formats/safetensors_writer.ts";
import { Vocabulary, type VocabularyJSON } from "../text/vocabulary.ts";
import { ownCell } from "./own_cells.ts";
import type { Seq2SeqShape } from "./seq2seq_net.ts";
import type { Tokens } from "./seq2seq_options.ts";

/** What makes up a model. */
export interface Seq2SeqParts extends Seq2SeqShape {
  readonly source: Tokens;
  readonly target: Tokens;
  readonly longest: { readonly source: number; readonly target: number };
  readonly tensors: ReadonlyMap<string, TensorSource>;
}

/** The metadata key under which everything but the tensors is kept, as JSON. */
const KEY = "unroll.seq2seq";
const VERSION = 1;

type Description = Omit<Seq2SeqParts, "cell" | "source" | "target" | "tensors"> & {
  readonly version: number;
  readonly cell: string;
  readonly source: VocabularyJSON | number;
  readonly target: VocabularyJSON | number;
};

/** A model as a safetensors file. */
export function writeSeq2Seq({ tensors, cell, source, target, ...rest }: Seq2SeqParts): Uint8Array<ArrayBuffer> {
  const plain = (tokens: Tokens) => typeof tokens === "number" ? tokens : tokens.toJSON();
  const description: Description = {
    version: VERSION,
    ...rest,
    cell: cell.name,
    source: plain(source),
    target: plain(target),
  };
  return writeSafetensors(tensors, { [KEY]: JSON.stringify(description) });
}

/** Read what `writeSeq2Seq` wrote. `cell` stands in for a cell that is not one of the library's. */
export function readSeq2Seq(bytes: Uint8Array, cell?: Cell): Seq2SeqParts {
  const { tensors, metadata } = readSafetensors(bytes);
  const { version: _, source, target, cell: name, ...rest } = parse(metadata[KEY]);
  const tokens = (plain: VocabularyJSON | number) => typeof plain === "number" ? plain : Vocabulary.fromJSON(plain);
  return {
    ...rest,
    source: tokens(source),
    target: tokens(target),
    cell: cell ?? ownCell(name, "a sequence-to-sequence model"),
    tensors,
  };
}

function parse(text: string | undefined): Description {
  const refuse = (reason: string) => new FormatError(`Cannot load a sequence-to-sequence model: ${reason}`);
  if (text === undefined) throw refuse(`the file has no metadata "${KEY}"; was it written by save()?`);
  let value;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse(`metadata "${KEY}" is not JSON (${(cause as Error).message})`);
  }
  if (value?.version !== VERSION) throw refuse(`its version must be ${VERSION}, got ${value?.version}`);
  const missing = ["source", "target", "cell", "hidden", "layers", "bidirectional", "attention", "embedding", "longest"]
    .filter((name) => value[name] === undefined);
  if (missing.length) throw refuse(`metadata "${KEY}" has no "${missing.join('", "')}"`);
  return value;
}
