import type { Budget } from "../limits.ts";
import { Bytes } from "./pickle_bytes.ts";
import { call, type Global, globalOf, type PickleValue, storageOf } from "./pickle_values.ts";

/** The beginning of a list of arguments on the stack. */
const MARK = Symbol("mark");

/** Memory of a container or a memo, in bytes. */
const CONTAINER = 128, ENTRY = 32;

/** The machine that a pickle programs: a stack of values, and a memo of those that occur again. */
class Machine {
  readonly stack: (PickleValue | typeof MARK)[] = [];
  readonly memo = new Map<number, PickleValue>();
  readonly bytes: Bytes;
  readonly budget: Budget;

  constructor(bytes: Bytes, budget: Budget) {
    this.bytes = bytes;
    this.budget = budget;
  }

  push(value: PickleValue | typeof MARK): void {
    this.budget.spend(ENTRY);
    this.stack.push(value);
  }

  pop(): PickleValue {
    const value = this.stack.pop();
    if (value === undefined || value === MARK) throw this.bytes.broken("the stack is empty");
    return value;
  }

  /** The values behind the last mark, and the mark removed. */
  popMarked(): PickleValue[] {
    const start = this.stack.lastIndexOf(MARK);
    if (start < 0) throw this.bytes.broken("there is no mark");
    return this.stack.splice(start).slice(1) as PickleValue[];
  }

  popMany(count: number): PickleValue[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  /** The value on top of the stack, which must be a list or a dictionary. */
  container<C>(isKind: (value: PickleValue) => value is PickleValue & C): C {
    const top = this.pop();
    this.stack.push(top);
    if (isKind(top)) return top;
    throw this.bytes.broken("something is added to a value that is no container");
  }

  remember(index: number): void {
    const value = this.pop();
    this.stack.push(value);
    this.budget.spend(ENTRY);
    this.memo.set(index, value);
  }

  recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw this.bytes.broken(`nothing is remembered as ${index}`);
    this.push(value);
  }

  make(container: PickleValue): void {
    this.budget.spend(CONTAINER);
    this.push(container);
  }

  set(pairs: readonly PickleValue[]): void {
    const map = this.container(isMap);
    if (pairs.length % 2) throw this.bytes.broken("a key has no value");
    for (let i = 0; i < pairs.length; i += 2) {
      this.budget.spend(ENTRY);
      map.set(pairs[i], pairs[i + 1]);
    }
  }
}

const isMap = (value: PickleValue): value is Map<PickleValue, PickleValue> => value instanceof Map;
const isList = (value: PickleValue): value is PickleValue[] => Array.isArray(value);

/** What the operations do, by their byte. All that make or call anything else are refused. */
const OPERATIONS: Readonly<Record<number, (machine: Machine) => void>> = {
  0x80: ({ bytes }) => void bytes.unsigned(1), // PROTO
  0x95: ({ bytes }) => void bytes.take(8), // FRAME
  0x28: (m) => m.push(MARK),
  0x4e: (m) => m.push(null),
  0x88: (m) => m.push(true),
  0x89: (m) => m.push(false),
  0x4b: (m) => m.push(m.bytes.unsigned(1)),
  0x4d: (m) => m.push(m.bytes.unsigned(2)),
  0x4a: (m) => m.push(m.bytes.unsigned(4) | 0),
  0x8a: (m) => m.push(m.bytes.long()),
  0x47: (m) => m.push(m.bytes.double()),
  0x8c: (m) => m.push(m.bytes.text(1)),
  0x58: (m) => m.push(m.bytes.text(4)),
  0x8d: (m) => m.push(m.bytes.text(8)),
  0x55: (m) => m.push(m.bytes.text(1)), // SHORT_BINSTRING, of Python 2
  0x7d: (m) => m.make(new Map()),
  0x5d: (m) => m.make([]),
  0x29: (m) => m.make([]),
  0x85: (m) => m.make(m.popMany(1)),
  0x86: (m) => m.make(m.popMany(2)),
  0x87: (m) => m.make(m.popMany(3)),
  0x74: (m) => m.make(m.popMarked()),
  0x61: (m) => {
    const [value] = m.popMany(1);
    m.container(isList).push(value);
  },
  0x65: (m) => {
    const values = m.popMarked(), list = m.container(isList);
    for (const value of values) list.push(value);
  },
  0x73: (m) => m.set(m.popMany(2)),
  0x75: (m) => m.set(m.popMarked()),
  0x63: (m) => m.push(globalOf(m.bytes, `${m.bytes.line()}.${m.bytes.line()}`)),
  0x93: (m) => m.push(globalOf(m.bytes, m.popMany(2).join("."))),
  0x52: (m) => {
    const [called, values] = m.popMany(2);
    m.make(call(m.bytes, called as Global, values));
  },
  // BUILD sets attributes. Those of an ordered dictionary are its metadata, which nothing here needs.
  0x62: (m) => {
    m.pop();
    m.container(isMap);
  },
  0x51: (m) => m.push(storageOf(m.bytes, m.pop())), // BINPERSID
  0x71: (m) => m.remember(m.bytes.unsigned(1)),
  0x72: (m) => m.remember(m.bytes.unsigned(4)),
  0x94: (m) => m.remember(m.memo.size),
  0x68: (m) => m.recall(m.bytes.unsigned(1)),
  0x6a: (m) => m.recall(m.bytes.unsigned(4)),
};

const STOP = 0x2e;

/**
 * Reads the pickle of a file of PyTorch: tensors, texts, numbers, lists and dictionaries, as `torch.load` does with
 * `weights_only=True`. Nothing is called and no class is made but those.
 *
 * @throws {FormatError} When it is broken, or has anything else.
 */
export function readPickle(data: Uint8Array, budget: Budget): PickleValue {
  const bytes = new Bytes(data), machine = new Machine(bytes, budget);
  while (true) {
    const code = bytes.unsigned(1);
    if (code === STOP) break;
    const run = OPERATIONS[code];
    if (!run) throw bytes.broken(`the operation 0x${code.toString(16)} is not supported`);
    run(machine);
  }
  const [value, ...more] = machine.stack;
  if (value === undefined || value === MARK || more.length) throw bytes.broken("it has not one value");
  return value;
}
