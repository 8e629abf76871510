import type { TokenizerSource } from "../../text/vocabulary_tokens.ts";
import { type Cell, saved } from "../../cells/cell.ts";
import { elman } from "../../cells/elman.ts";
import { gru } from "../../cells/gru.ts";
import { lstm } from "../../cells/lstm.ts";
import { format, FormatError, OptionError, PlanError, ShapeError } from "../../errors.ts";
import { readSafetensors } from "../../formats/safetensors.ts";
import { type TensorSource, writeSafetensors } from "../../formats/safetensors_writer.ts";
import type { Int8Build } from "../../kernels/builds.ts";
import type { Layer } from "../../layers/layer.ts";
import { dequantized } from "../../runtime/int8_tensors.ts";
import { requireTensors, type TensorCopy } from "../../runtime/state_dict.ts";
import { readOptions, type Table, text } from "../../options.ts";
import { list, oneOf, optional, type ReadValue, type ReadValues } from "./description.ts";

/**
 * Metadata key of a model's file. The file is safetensors: the parameters by PyTorch's names, and under this key, as
 * JSON, the format's version, the kind of the model and the model's description.
 */
const KEY = "unroll.model";

/**
 * The version of the files that are written. It rises when an older library would read a file wrongly. Every version
 * that was released is read for ever; a file of a higher version is refused.
 */
const VERSION = 1;

/**
 * All that makes up the net of a model. The file has it as JSON: the cell by its name and equations, vocabularies by
 * `toJSON`.
 */
export interface ModelDescription {
  /** The recurrent cell of every layer. */
  readonly cell: Cell;
  /** Names of the parameters that no training changes. */
  readonly frozen: readonly string[];
  /** The form of the weights, if they were quantized. */
  readonly weights?: "int8";
}

/** How the files of one kind of model are read. */
export interface FileKind<Description extends ModelDescription> {
  /** The kind's name in the file. */
  readonly name: string;
  /** How the values of the description are read. */
  values(): ReadValues<Omit<Description, keyof ModelDescription>>;
  /**
   * The layers of the model.
   *
   * @throws {OptionError} When the description does not make a net.
   */
  net(description: Description): Layer;
}

/** Options of `save`. */
export interface SaveOptions {
  /**
   * The type of the parameters in the file. With F16 the file has half the size; each parameter is rounded to 11 bits,
   * and is f32 again after loading. Trainings are continued from checkpoints, which keep all bits. A model with int8
   * weights keeps them, and has no other form.
   *
   * @default "F32"
   */
  dtype?: "F32" | "F16";
}

const SAVE = { dtype: [["F32", "F16"], "F32"] } satisfies Table<SaveOptions>;

/** The largest number that F16 has, and half a step above: numbers from there on are rounded to infinity. */
const F16_LIMIT = 65520;

/**
 * A model as a file.
 *
 * @param kind The name of the model's kind.
 * @param int8 The kernels of a model with int8 weights.
 * @throws {OptionError} When F16 has no number for a parameter, or the weights are int8.
 */
export function writeModel(
  kind: string,
  { cell, ...description }: ModelDescription,
  tensors: ReadonlyMap<string, TensorSource & TensorCopy>,
  options: SaveOptions = {},
  int8?: Int8Build,
): Uint8Array<ArrayBuffer> {
  const { dtype } = readOptions("save", SAVE, options);
  const isOurs = libraryCells().some(({ name }) => name === cell.name);
  const equations = isOurs ? undefined : saved.write?.(cell);
  const content = { version: VERSION, kind, cell: cell.name, equations, ...description };
  if (int8 && dtype === "F16") throw new OptionError("Cannot save int8 weights as F16");
  if (int8) return writeSafetensors(int8.pack(tensors), { [KEY]: JSON.stringify(content) });
  const stored = [...tensors].map(([name, tensor]) => {
    const large = dtype === "F16" ? tensor.data.find((x) => Number.isFinite(x) && Math.abs(x) >= F16_LIMIT) : undefined;
    if (large === undefined) return [name, { ...tensor, dtype }] as const;
    throw new OptionError(`Cannot save as F16: "${name}" must be below ${F16_LIMIT}, got ${large}; save as F32`);
  });
  return writeSafetensors(stored, { [KEY]: JSON.stringify(content) });
}

/** What `readModel` reads. */
interface ReadModel<Description> {
  readonly description: Description;
  readonly tensors: ReadonlyMap<string, TensorSource>;
}

/**
 * Reads what `writeModel` wrote. The shapes of the file's tensors are compared with the net of the description before
 * anything is planned: a model takes no more memory than its file, its sizes and `longest` ask for.
 *
 * @param own What the file does not have: a cell or a tokenizer that is not one of the library's.
 * @throws {FormatError} When the bytes are not the file of such a model.
 */
export function readModel<Description extends ModelDescription>(
  kind: FileKind<Description>,
  bytes: Uint8Array | ArrayBuffer,
  own: { readonly cell?: Cell; readonly tokens?: TokenizerSource },
): ReadModel<Description> {
  const { tensors, metadata } = readSafetensors(bytes);
  return orRefuse(kind, () => {
    const values = readValues(kind, metadata[KEY]);
    const cell = own.cell ?? libraryCells().find(({ name }) => name === values.cell) ??
      (values.equations ? saved.read?.(values.equations) : undefined);
    if (!cell) {
      const way = values.equations ? "call savedCells() of entry ./cells" : 'give it as option "cell"';
      throw new FormatError(`its cell ${format(values.cell)} is none of ours; ${way}`);
    }
    const readers: Record<string, ReadValue<unknown>> = {
      ...kind.values(),
      frozen: optional(list(text), []),
      weights: optional(oneOf("int8")),
    };
    // The order of the file, so that a loaded model saves the same bytes.
    const names = new Set([
      ...Object.keys(values).filter((name) => Object.hasOwn(readers, name)),
      ...Object.keys(readers),
    ]);
    const read = [...names].map((name) => [name, readers[name](name, values[name], own.tokens)]);
    const description = { ...Object.fromEntries(read.filter(([, value]) => value !== undefined)), cell };
    const { layers = 1 } = description;
    if (layers as number > tensors.size) {
      throw new FormatError(`"layers" is ${layers}, but the file has ${tensors.size} tensors`);
    }
    const stored = values.weights ? dequantized(tensors) as typeof tensors : tensors;
    requireShapes(kind.net(description as unknown as Description), stored);
    return { description: description as unknown as Description, tensors: stored };
  });
}

/**
 * Runs a part of loading. Its errors become a `FormatError`.
 *
 * @throws {FormatError} When the work throws one of the library's errors.
 */
export function orRefuse<Result>({ name }: { readonly name: string }, work: () => Result): Result {
  const refuse = (error: unknown): never => {
    const isOurs = [FormatError, OptionError, ShapeError, PlanError].some((Kind) => error instanceof Kind);
    if (!isOurs) throw error;
    throw new FormatError(`Cannot load a ${name}: ${(error as Error).message}`);
  };
  try {
    const result = work();
    return result instanceof Promise ? result.catch(refuse) as Result : result;
  } catch (error) {
    return refuse(error);
  }
}

/** The values of a file's metadata. A version that was released is read for ever, a newer one refused. */
function readValues(
  { name, values: wanted }: Pick<FileKind<ModelDescription>, "name" | "values">,
  text: string | undefined,
): Record<string, unknown> {
  if (text === undefined) throw new FormatError(`the file has no metadata "${KEY}"; was it written by save()?`);
  let content;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`metadata "${KEY}" is not JSON (${(cause as Error).message})`);
  }
  const { version, kind, ...values } = content ?? {};
  if (!Number.isInteger(version) || version < 1) {
    throw new FormatError(`its version must be an integer from 1 to ${VERSION}, got ${format(version)}`);
  }
  if (version > VERSION) {
    throw new FormatError(
      `the file has version ${version}; this version of the library reads versions up to ${VERSION}`,
    );
  }
  if (kind !== name) {
    throw new FormatError(`the file is that of a ${typeof kind === "string" ? kind.slice(0, 40) : format(kind)}`);
  }
  const required = Object.entries<ReadValue<unknown>>(wanted()).filter(([, read]) => !read.isOptional);
  const missing = ["cell", ...required.map(([key]) => key)].filter((key) => values[key] === undefined);
  if (missing.length) throw new FormatError(`metadata "${KEY}" has no "${missing.join('", "')}"`);
  return values;
}

/** @throws {ShapeError} When the tensors are not the parameters of a net. */
function requireShapes({ parameters, tied = {} }: Layer, tensors: ReadonlyMap<string, TensorSource>): void {
  const places = Object.entries(parameters).map(([name, { shape }]) => {
    const aliases = Object.keys(tied).filter((alias) => tied[alias] === name);
    return { name, aliases, shape, size: shape.reduce((a, b) => a * b, 1) };
  });
  requireTensors("parameter", places, tensors);
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
