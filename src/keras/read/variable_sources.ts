import { FormatError } from "../../errors.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import type { Hdf5File } from "../files/hdf5_reader.ts";
import { describeShapes, fits, variablePath, type VariableSource, type VariableSpec } from "../variables.ts";

/**
 * Variables by name, as in files of TensorFlow.js and Keras 2: `lstm_1/kernel`, `lstm_1/lstm_cell/kernel:0`,
 * `bidirectional/forward_lstm/kernel`, `sequential/dense/bias`. The variables of a layer are in the layer's order.
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
    const unread = [...this.#tensors].filter(([key]) => !this.#read.has(key));
    const direct = unread.filter(([key]) => key.startsWith(`${name}/`));
    // A name may begin with the name of the model (Keras 3) or of an inner model around the layer (Keras 2).
    const candidates = direct.length ? direct : unread.filter(([key]) => key.includes(`/${name}/`));
    return wanted.map((variable) => {
      const { kind, part } = variable;
      const found = candidates.findIndex(([key]) => kindOf(key) === kind && !isOtherDirection(key, part));
      if (found < 0) return void fault(`its ${kind}${part ? ` (${part})` : ""} is missing`);
      const [[key, tensor]] = candidates.splice(found, 1);
      this.#read.add(key);
      if (fits(variable, tensor.shape)) return tensor;
      fault(`${JSON.stringify(key)} must have shape ${describeShapes(variable)}, got [${tensor.shape.join(", ")}]`);
    });
  }

  unread(): string[] {
    return [...this.#tensors.keys()].filter((key) => !this.#read.has(key));
  }
}

/** The kind of a variable: `kernel` for `lstm_1/kernel:0` and for `rnn/kernel_1`. */
function kindOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1).replace(/:\d+$/, "").replace(/_\d+$/, "");
}

/** Whether a variable belongs to the other direction than a part does. */
function isOtherDirection(key: string, part: string): boolean {
  const other = part.startsWith("forward") ? "backward" : part.startsWith("backward") ? "forward" : undefined;
  return other !== undefined && key.split("/").slice(1, -1).some((name) => name.startsWith(`${other}_`));
}

/** The states of random generators, which layers with dropout have. */
const GENERATOR_STATE = /(^|\/)seed_generator\//;

/** Variables by the path of their layer and a number, as in files of Keras 3: `layers/lstm_1/cell/vars/0`. */
export class NumberedVariables implements VariableSource {
  readonly #file: Hdf5File;
  readonly #paths: ReadonlySet<string>;
  readonly #read = new Set<string>();

  constructor(file: Hdf5File) {
    this.#file = file;
    this.#paths = new Set(
      file.datasets().filter((path) => /(^|\/)vars\/\d+$/.test(path) && !GENERATOR_STATE.test(path)),
    );
  }

  /** Number of variables. */
  get count(): number {
    return this.#paths.size;
  }

  read(
    { path }: { readonly path: string },
    wanted: readonly VariableSpec[],
    fault: (reason: string) => void,
  ): (TensorCopy | undefined)[] {
    return wanted.map((variable) => {
      const { kind } = variable;
      const key = variablePath(path, variable);
      const tensor = this.#paths.has(key) ? this.#file.tensor(key) : undefined;
      if (!tensor) return void fault(`its ${kind}, ${JSON.stringify(key)}, is missing`);
      this.#read.add(key);
      if (fits(variable, tensor.shape)) return tensor;
      fault(`its ${kind} must have shape ${describeShapes(variable)}, got [${tensor.shape.join(", ")}]`);
    });
  }

  unread(): string[] {
    return [...this.#paths].filter((path) => !this.#read.has(path) && !path.startsWith("optimizer/"));
  }
}

/**
 * The variables of an HDF5 file of Keras 2. The group `path` has an attribute `layer_names`, and the group of each
 * layer an attribute `weight_names`, in the layer's order.
 *
 * @throws {FormatError} When a listed variable is missing.
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

/** A list of names. A list that is too long for one attribute is cut into attributes numbered from 0. */
function names(file: Hdf5File, path: string, key: string): string[] {
  const all: unknown[] = [];
  const single = file.attribute(path, key);
  if (single !== undefined) all.push(single);
  for (let i = 0, chunk; (chunk = file.attribute(path, `${key}${i}`)) !== undefined; i++) all.push(chunk);
  return all.flat().flatMap((name) => {
    if (typeof name !== "string") {
      throw new FormatError(`Cannot read HDF5: "${key}" of ${JSON.stringify(path)} must be strings`);
    }
    return [name.replace(/\0+$/, "")];
  });
}
