import { FormatError } from "../../errors.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import type { Hdf5File } from "../files/hdf5_reader.ts";
import { describeShapes, fits, type VariableSource, type VariableSpec } from "../variables.ts";

/**
 * Variables by the names that TensorFlow.js and Keras 2 give them: `lstm_1/kernel`, `lstm_1/lstm_cell/kernel:0`,
 * `bidirectional/forward_lstm/kernel`, `sequential/dense/bias`. Those of a layer come in the order in which it has them.
 */
export class NamedVariables implements VariableSource {
  readonly #tensors: ReadonlyMap<string, TensorCopy>;
  readonly #read = new Set<string>();

  constructor(tensors: ReadonlyMap<string, TensorCopy>) {
    this.#tensors = tensors;
  }

  read(
    { name }: { readonly name: string },
    wanted: readonly VariableSpec[],
    fault: (reason: string) => void,
  ): (TensorCopy | undefined)[] {
    if (!wanted.length) return [];
    const left = [...this.#tensors].filter(([key]) => !this.#read.has(key));
    const named = left.filter(([key]) => key.startsWith(`${name}/`));
    // Keras 3 begins with the model's name, Keras 2 with that of a model around the layer.
    const free = named.length ? named : left.filter(([key]) => key.includes(`/${name}/`));
    return wanted.map((variable) => {
      const { kind, part } = variable;
      const found = free.findIndex(([key]) => kindOf(key) === kind && mayBelong(key, part));
      if (found < 0) return void fault(`its ${kind}${part ? ` (${part})` : ""} is missing`);
      const [[key, tensor]] = free.splice(found, 1);
      this.#read.add(key);
      if (fits(variable, tensor.shape)) return tensor;
      fault(`${JSON.stringify(key)} must have shape ${describeShapes(variable)}, got [${tensor.shape.join(", ")}]`);
    });
  }

  unread(): string[] {
    return [...this.#tensors.keys()].filter((key) => !this.#read.has(key));
  }
}

/** `kernel` of `lstm_1/kernel:0` and of `rnn/kernel_1`. */
function kindOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1).replace(/:\d+$/, "").replace(/_\d+$/, "");
}

/** Whether a name is not that of the other direction. */
function mayBelong(key: string, part: string): boolean {
  const other = part.startsWith("forward") ? "backward" : part.startsWith("backward") ? "forward" : undefined;
  return !other || !key.split("/").slice(1, -1).some((name) => name.startsWith(`${other}_`));
}

/** Generators' states, which layers with dropout have. */
const NO_WEIGHT = /(^|\/)seed_generator\//;

/** Variables in the way of Keras 3: by the place of a layer in the model and a number, `layers/lstm_1/cell/vars/0`. */
export class NumberedVariables implements VariableSource {
  readonly #file: Hdf5File;
  readonly #paths: ReadonlySet<string>;
  readonly #read = new Set<string>();

  constructor(file: Hdf5File) {
    this.#file = file;
    this.#paths = new Set(file.datasets().filter((path) => /(^|\/)vars\/\d+$/.test(path) && !NO_WEIGHT.test(path)));
  }

  /** How many there are. */
  get count(): number {
    return this.#paths.size;
  }

  read(
    { path }: { readonly path: string },
    wanted: readonly VariableSpec[],
    fault: (reason: string) => void,
  ): (TensorCopy | undefined)[] {
    return wanted.map((variable) => {
      const { kind, part, index } = variable, place = [path, ...part ? [part] : [], "vars", index].join("/");
      const tensor = this.#paths.has(place) ? this.#file.tensor(place) : undefined;
      if (!tensor) return void fault(`its ${kind}, ${JSON.stringify(place)}, is missing`);
      this.#read.add(place);
      if (fits(variable, tensor.shape)) return tensor;
      fault(`its ${kind} must have shape ${describeShapes(variable)}, got [${tensor.shape.join(", ")}]`);
    });
  }

  unread(): string[] {
    return [...this.#paths].filter((path) => !this.#read.has(path) && !path.startsWith("optimizer/"));
  }
}

/**
 * Variables in the way of Keras 2: an attribute `layer_names` of the group `path`, and of each layer's group one `weight_names`, in
 * the order in which the layer has them.
 */
export function namedVariables(file: Hdf5File, path: string): NamedVariables {
  const tensors = new Map<string, TensorCopy>();
  for (const layer of names(file, path, "layer_names")) {
    const group = path ? `${path}/${layer}` : layer;
    for (const name of names(file, group, "weight_names")) {
      const tensor = file.tensor(`${group}/${name}`);
      if (!tensor) throw new FormatError(`Cannot read HDF5: ${JSON.stringify(`${group}/${name}`)} is missing`);
      tensors.set(`${layer}/${name}`, tensor);
    }
  }
  return new NamedVariables(tensors);
}

/** A list of names, which is cut in several, numbered from 0, where it is too long for one attribute. */
function names(file: Hdf5File, path: string, key: string): string[] {
  const all: unknown[] = [], whole = file.attribute(path, key);
  if (whole !== undefined) all.push(whole);
  for (let i = 0, part; (part = file.attribute(path, `${key}${i}`)) !== undefined; i++) all.push(part);
  return all.flat().flatMap((name) => {
    if (typeof name !== "string") {
      throw new FormatError(`Cannot read HDF5: "${key}" of ${JSON.stringify(path)} must be texts`);
    }
    return [name.replace(/\0+$/, "")];
  });
}
