import type { Cell } from "../../cells/cell.ts";
import { elman } from "../../cells/elman.ts";
import { gru } from "../../cells/gru.ts";
import { lstm } from "../../cells/lstm.ts";
import { FormatError } from "../../errors.ts";
import { readSafetensors } from "../../formats/safetensors.ts";
import { type TensorSource, writeSafetensors } from "../../formats/safetensors_writer.ts";
import { Vocabulary } from "../../text/vocabulary.ts";

/**
 * Metadata key of a model's file. The file is safetensors: the parameters by PyTorch's names, and under this key, as
 * JSON, the format's version, the kind of the model and the model's description.
 */
const KEY = "unroll.model";
const VERSION = 1;

/** All that makes up the net of a model. The file has it as JSON: the cell by its name, vocabularies by `toJSON`. */
export interface ModelDescription {
  /** The recurrent cell of every layer. */
  readonly cell: Cell;
  /** Names of the parameters that no training changes. */
  readonly frozen: readonly string[];
}

/** How the files of one kind of model are read. */
export interface FileKind<Description extends ModelDescription> {
  /** The kind's name in the file. */
  readonly name: string;
  /** Keys of the description without which a file is refused. */
  readonly required: readonly (keyof Description & string)[];
  /** Keys of the description whose values may be vocabularies. */
  readonly vocabularies: readonly (keyof Description & string)[];
}

/** A model as a file. `kind` is the name of the model's kind. */
export function writeModel(
  kind: string,
  { cell, ...description }: ModelDescription,
  tensors: ReadonlyMap<string, TensorSource>,
): Uint8Array<ArrayBuffer> {
  const content = { version: VERSION, kind, cell: cell.name, ...description };
  return writeSafetensors(tensors, { [KEY]: JSON.stringify(content) });
}

/**
 * Read what `writeModel` wrote.
 *
 * @param own The cell of the model, if it is not one of the library's.
 * @throws {FormatError} When the bytes are not the file of such a model.
 */
export function readModel<Description extends ModelDescription>(
  { name, required, vocabularies }: FileKind<Description>,
  bytes: Uint8Array | ArrayBuffer,
  own?: Cell,
): { description: Description; tensors: ReadonlyMap<string, TensorSource> } {
  const { tensors, metadata } = readSafetensors(bytes);
  const refusal = (reason: string) => new FormatError(`Cannot load a ${name}: ${reason}`);
  const text = metadata[KEY];
  if (text === undefined) throw refusal(`the file has no metadata "${KEY}"; was it written by save()?`);
  let content;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw refusal(`metadata "${KEY}" is not JSON (${(cause as Error).message})`);
  }
  const { version, kind, ...values } = content ?? {};
  if (version !== VERSION) throw refusal(`its version must be ${VERSION}, got ${version}`);
  if (kind !== name) throw refusal(`the file is that of a ${kind}`);
  const missing = ["cell", ...required].filter((key) => values[key] === undefined);
  if (missing.length) throw refusal(`metadata "${KEY}" has no "${missing.join('", "')}"`);
  const cell = own ?? libraryCells().find(({ name }) => name === values.cell);
  if (!cell) throw refusal(`its cell "${values.cell}" is none of ours; give it as option "cell"`);
  for (const key of vocabularies) {
    if (typeof values[key] === "object") values[key] = Vocabulary.fromJSON(values[key]);
  }
  return { description: { ...values, frozen: values.frozen ?? [], cell }, tensors };
}

/** The library's own cells whose names determine their equations. */
function libraryCells(): Cell[] {
  return [true, false].flatMap((bias) => [
    lstm({ bias }),
    gru({ bias }),
    gru({ bias, reset: "before" }),
    elman({ bias }),
    elman({ bias, activation: "relu" }),
    elman({ bias, activation: "identity" }),
  ]);
}
