import type { ElementType } from "../elements.ts";
import { quote } from "../json.ts";
import type { Bytes } from "./pickle_bytes.ts";

/** A value of a pickle. Lists and tuples are arrays, dictionaries of any kind are maps. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | Global
  | StoredElements
  | PickledTensor;

/** A function or class, by its name. */
export class Global {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** The elements of tensors, in a file of the archive. */
export class StoredElements {
  readonly key: string;
  /** The type of the elements; undefined when each tensor says it. */
  readonly type: ElementType | undefined;

  constructor(key: string, type: ElementType | undefined) {
    this.key = key;
    this.type = type;
  }
}

/** A tensor: a view of stored elements. */
export class PickledTensor {
  readonly storage: StoredElements;
  readonly type: ElementType;
  /** The first element. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** For each dimension, the elements from one index to the next. */
  readonly strides: readonly number[];

  constructor(storage: StoredElements, type: ElementType, offset: number, shape: number[], strides: number[]) {
    this.storage = storage;
    this.type = type;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** The types of elements by PyTorch's name of the storage and of the type. */
const TYPES: readonly (readonly [ElementType, storage: string, dtype: string])[] = [
  ["F64", "Double", "float64"],
  ["F32", "Float", "float32"],
  ["F16", "Half", "float16"],
  ["BF16", "BFloat16", "bfloat16"],
  ["I64", "Long", "int64"],
  ["I32", "Int", "int32"],
  ["I16", "Short", "int16"],
  ["I8", "Char", "int8"],
  ["U8", "Byte", "uint8"],
  ["BOOL", "Bool", "bool"],
  ["U16", "", "uint16"],
  ["U32", "", "uint32"],
  ["U64", "", "uint64"],
];

/** Functions that make tensors, and the number of the argument with the type, if one has it. */
const REBUILD: Readonly<Record<string, number | undefined>> = {
  "torch._utils._rebuild_tensor": undefined,
  "torch._utils._rebuild_tensor_v2": undefined,
  "torch._utils._rebuild_tensor_v3": 6,
};

/** What may be called besides: by its arguments. */
const CALLS: Readonly<Record<string, (values: readonly PickleValue[]) => PickleValue>> = {
  "collections.OrderedDict": () => new Map(),
  "torch._utils._rebuild_parameter": ([tensor]) => tensor ?? null,
  "torch._utils._rebuild_parameter_with_state": ([tensor]) => tensor ?? null,
  "torch.Size": ([extents]) => extents ?? [],
  "torch.device": ([name]) => name ?? null,
};

const UNTYPED = ["torch.storage.UntypedStorage", "torch.UntypedStorage"];

/** Whether a global is the name of a storage or of a type: a value, which is not called. */
function isName(name: string): boolean {
  return UNTYPED.includes(name) || TYPES.some(([, storage, dtype]) => isStorage(name, storage) || isType(name, dtype));
}

const isStorage = (name: string, storage: string) => storage !== "" && name === `torch.${storage}Storage`;
const isType = (name: string, dtype: string) => name === `torch.${dtype}`;

/**
 * A function or class by its name.
 *
 * @throws {FormatError} When it is none that tensors need.
 */
export function globalOf(bytes: Bytes, name: string): Global {
  if (Object.hasOwn(REBUILD, name) || Object.hasOwn(CALLS, name) || isName(name)) return new Global(name);
  throw bytes.broken(
    `it has ${quote(name.slice(0, 80))}, and nothing but tensors, numbers and texts is unpickled; ` +
      "save net.state_dict() instead of the net, without objects of other classes",
  );
}

/**
 * The result of a call.
 *
 * @throws {FormatError} When the arguments are wrong, or what is called is no function.
 */
export function call(bytes: Bytes, called: PickleValue, values: PickleValue): PickleValue {
  if (!(called instanceof Global) || !Array.isArray(values)) throw bytes.broken("a call is wrong");
  const { name } = called;
  if (Object.hasOwn(CALLS, name)) return CALLS[name](values);
  if (!Object.hasOwn(REBUILD, name)) throw bytes.broken(`${quote(name)} is called`);
  const [storage, offset, shape, strides] = values, typed = REBUILD[name] === undefined ? null : values[REBUILD[name]];
  const dtype = typed instanceof Global ? TYPES.find(([, , dtype]) => isType(typed.name, dtype))?.[0] : undefined;
  if (storage instanceof StoredElements && isCount(offset) && isCounts(shape) && isCounts(strides)) {
    const type = dtype ?? storage.type;
    if (type && shape.length === strides.length) return new PickledTensor(storage, type, offset, shape, strides);
  }
  throw bytes.broken("the arguments of a tensor are wrong");
}

/**
 * The storage that a persistent id names: ("storage", type, key, location, number of elements).
 *
 * @throws {FormatError} When it is something else.
 */
export function storageOf(bytes: Bytes, id: PickleValue): StoredElements {
  const [kind, type, key] = Array.isArray(id) ? id : [];
  if (kind !== "storage" || !(type instanceof Global) || typeof key !== "string") {
    throw bytes.broken("a storage is expected");
  }
  const known = TYPES.find(([, storage]) => isStorage(type.name, storage));
  if (!known && !UNTYPED.includes(type.name)) throw bytes.broken(`${quote(type.name)} is no storage`);
  return new StoredElements(key, known?.[0]);
}

function isCount(value: PickleValue): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: PickleValue): value is number[] {
  return Array.isArray(value) && value.length <= 64 && value.every(isCount);
}
