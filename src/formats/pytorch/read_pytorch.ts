import { FormatError, requireBytes } from "../../errors.ts";
import { readOptions, type Table, text } from "../../options.ts";
import { STORAGE } from "../elements.ts";
import { quote } from "../json.ts";
import { Budget, limits as readLimits, type ReadLimits } from "../limits.ts";
import type { Tensor } from "../safetensors.ts";
import { wrongFile } from "../wrong_file.ts";
import { readZip } from "../zip/read_zip.ts";
import { readPickle } from "./pickle.ts";
import { PickledTensor, type PickleValue } from "./pickle_values.ts";

/** Options of `readPytorch`. */
export interface ReadPytorchOptions {
  /**
   * The key of the state dict in a checkpoint that has several dictionaries of tensors.
   *
   * @default The file itself, or its "state_dict", "model_state_dict" or "model".
   */
  key?: string;
  /** How much memory and time the file may take. */
  limits?: ReadLimits;
}

const READ = { key: [text], limits: [readLimits] } satisfies Table<ReadPytorchOptions>;

/** Where checkpoints have the state dict of the net. */
const KEYS = ["state_dict", "model_state_dict", "model"];

/** The first bytes of a zip file, and of a file of PyTorch before 1.6: a pickle of a number. */
const ZIP = [0x50, 0x4b], OLD = [0x80, 2, 0x8a, 10, 0x6c, 0xfc];

/**
 * Reads the tensors of a file of `torch.save`: a state dict (`.pt`, `.pth`, `.bin`), or a checkpoint with one in it. Of
 * any strides, and of the element types of `readSafetensors`. Tensors are copies.
 *
 * A file is a pickle, which can run any program when Python loads it. Here nothing runs: what `torch.load` refuses with
 * `weights_only=True` is refused.
 *
 * @param file The content of the file.
 * @returns The tensors by name. Other values of the state dict are left out.
 * @throws {FormatError} When the file is broken, has objects of other classes, has no state dict or several, or would
 * take more than `limits` allow.
 *
 * @example
 * ```ts ignore
 * import { compile, dense, lstm, recurrent, sequential } from "@unroll/rnn";
 * import { readPytorch } from "@unroll/rnn/pytorch";
 *
 * const net = sequential({ lstm: recurrent(lstm(), { input: 8, hidden: 16 }), fc: dense(16, 5) });
 * const session = await compile(net, { batch: 1, steps: 20 });
 * session.setParameters(readPytorch(await Deno.readFile("net.pt"))); // torch.save(net.state_dict(), "net.pt")
 * ```
 */
export function readPytorch(file: Uint8Array | ArrayBuffer, options: ReadPytorchOptions = {}): Map<string, Tensor> {
  const { key, limits } = readOptions("readPytorch", READ, options);
  const bytes = requireBytes("bytes", file), budget = new Budget("the file of PyTorch", bytes.length, limits);
  const starts = (start: readonly number[]) => start.every((byte, i) => bytes[i] === byte);
  if (starts(OLD)) {
    throw refuse("PyTorch before 1.6 has written it; save it again: torch.save(torch.load(path), path)");
  }
  if (!starts(ZIP)) throw refuse(`expected a zip file of torch.save, got ${wrongFile(bytes) ?? "other bytes"}`);
  const entries = readZip(
    bytes,
    (name) => /^[^/]+\/(data\.pkl|byteorder|constants\.pkl|data\/[^/]+)$/.test(name),
    budget,
  );
  const pickles = [...entries.keys()].filter((name) => name.endsWith("/data.pkl"));
  if (pickles.length !== 1) throw refuse("expected a zip file of torch.save, got one without data.pkl");
  const folder = pickles[0].slice(0, -"data.pkl".length);
  if (entries.has(`${folder}constants.pkl`)) throw refuse("it is a program of torch.jit.save; save its state_dict()");
  const order = new TextDecoder().decode(entries.get(`${folder}byteorder`)?.subarray(0, 8)).trim();
  if (order && order !== "little") throw refuse(`its bytes are in the order ${quote(order)}, expected little`);
  const state = stateDict(readPickle(entries.get(pickles[0])!, budget), key);
  const tensors = new Map<string, Tensor>();
  for (const [name, value] of state) {
    if (!(value instanceof PickledTensor)) continue;
    if (typeof name !== "string") throw refuse("a tensor has a name that is no text");
    tensors.set(name, tensorOf(name, value, entries.get(`${folder}data/${value.storage.key}`), budget));
  }
  return tensors;
}

/** The dictionary with the tensors of the net. */
function stateDict(root: PickleValue, key: string | undefined): Map<PickleValue, PickleValue> {
  if (root instanceof PickledTensor) throw refuse("it is one tensor, expected a state dict");
  if (!(root instanceof Map)) throw refuse("expected a state dict, a dictionary of tensors");
  const inner = [...root].filter((pair): pair is [string, Map<PickleValue, PickleValue>] =>
    typeof pair[0] === "string" && isStateDict(pair[1])
  );
  const find = (name: string) => inner.find(([own]) => own === name)?.[1];
  const names = inner.map(([name]) => quote(name)).join(", ");
  if (key !== undefined) {
    const found = find(key);
    if (found) return found;
    throw refuse(`"key" is ${quote(key)}, and the dictionaries of tensors are ${names || "none"}`);
  }
  for (const name of KEYS) {
    const found = find(name);
    if (found) return found;
  }
  if (isStateDict(root)) return root;
  if (inner.length === 1) return inner[0][1];
  if (inner.length) throw refuse(`it has several dictionaries of tensors: choose one of ${names} as "key"`);
  throw refuse("it has no tensors, neither by name nor in a dictionary within");
}

function isStateDict(value: PickleValue): value is Map<PickleValue, PickleValue> {
  if (!(value instanceof Map)) return false;
  for (const element of value.values()) if (element instanceof PickledTensor) return true;
  return false;
}

/** The elements of a tensor in row-major order. */
function tensorOf(name: string, tensor: PickledTensor, stored: Uint8Array | undefined, budget: Budget): Tensor {
  const { type, shape, strides, offset, storage } = tensor, { size } = STORAGE[type];
  const what = `tensor ${quote(name)}`;
  if (!stored) throw refuse(`${what} is in the storage ${quote(storage.key)}, which is missing`);
  const count = shape.reduce((count, extent) => count * extent, 1);
  const end = count ? offset + 1 + shape.reduce((sum, extent, i) => sum + (extent - 1) * strides[i], 0) : 0;
  if (!(size * end <= stored.length)) {
    throw refuse(`${what} ends at byte ${size * end} of its storage, which has ${stored.length} bytes`);
  }
  // A stride of 0 repeats elements: a small storage can be a huge tensor.
  budget.spend((size + 8) * count);
  const bytes = new Uint8Array(size * count);
  if (isRowMajor(shape, strides)) bytes.set(stored.subarray(size * offset, size * (offset + count)));
  else copyStrided(bytes, stored, { ...tensor, size, count });
  return { shape: [...shape], dtype: type, data: STORAGE[type].read(bytes.buffer) } as Tensor;
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== stride) return false;
    stride *= shape[i];
  }
  return true;
}

/** Copies the elements of a view of any strides. */
function copyStrided(
  to: Uint8Array,
  from: Uint8Array,
  { shape, strides, offset, size, count }: {
    shape: readonly number[];
    strides: readonly number[];
    offset: number;
    size: number;
    count: number;
  },
): void {
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0, at = offset; i < count; i++) {
    for (let byte = 0; byte < size; byte++) to[i * size + byte] = from[at * size + byte];
    for (let d = shape.length - 1; d >= 0; d--) {
      at += strides[d];
      if (++index[d] < shape[d]) break;
      at -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

function refuse(reason: string): FormatError {
  return new FormatError(`Cannot read the file of PyTorch: ${reason}`);
}
