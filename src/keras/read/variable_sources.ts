import { FormatError } from "../../errors.ts";
import type { Budget } from "../../formats/limits.ts";
import type { TensorCopy } from "../../runtime/state_dict.ts";
import type { Hdf5File } from "../files/hdf5_reader.ts";
import { describeShapes, fits, variablePath, type VariableSource, type VariableSpec } from "../variables.ts";

/**
 * Variables by name, as in files of TensorFlow.js and Keras 2: `lstm_1/kernel`, `lstm_1/lstm_cell/kernel:0`,
 * `bidirectional/forward_lstm/kernel`, `sequential/dense/bias`. The variables of a layer are in the layer's order.
 */
export class NamedVariables implements VariableSource {
  readonly #tensors: ReadonlyMap<string, TensorCopy>;
  /** The names that no layer has read, by each of their parts but the last. */
  readonly #unread = new Map<string, Set<string>>();
  readonly #read = new Set<string>();
  readonly #budget: Budget;

  constructor(tensors: ReadonlyMap<string, TensorCopy>, budget: Budget) {
    this.#tensors = tensors;
    this.#budget = budget;
    for (const key of tensors.keys()) {
      for (const part of key.split("/").slice(0, -1)) {
        budget.spend(128); // a set
        const keys = this.#unread.get(part);
        if (keys) keys.add(key);
        else this.#unread.set(part, new Set([key]));
      }
    }
  }

  read(
    { name }: { readonly name: string },
    wanted: readonly VariableSpec[],
    fault: (reason: string) => void,
  ): (TensorCopy | undefined)[] {
    if (!wanted.length) return [];
    const unread = [...this.#unread.get(name.split("/", 1)[0]) ?? []];
    for (const key of unread) this.#budget.spend(key.length);
    const direct = unread.filter((key) => key.startsWith(`${name}/`));
    // A name may begin with the name of the model (Keras 3) or of an inner model around the layer (Keras 2).
    const candidates = direct.length ? direct : unread.filter((key) => key.includes(`/${name}/`));
    return wanted.map((variable) => {
      const { kind, part } = variable;
      this.#budget.spend(32 * candidates.length);
      const found = candidates.findIndex((key) => kindOf(key) === kind && !isOtherDirection(key, part));
      if (found < 0) return void fault(`its ${kind}${part ? ` (${part})` : ""} is missing`);
      const [key] = candidates.splice(found, 1);
      const tensor = this.#tensors.get(key)!;
      for (const part of key.split("/").slice(0, -1)) this.#unread.get(part)!.delete(key);
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
const GENERATOR_STATE = /(^|\/)(seed_generator|_random_generator)\//;

/**
 * Variables by the path of their layer and a number, as in files of Keras 3: `layers/lstm_1/cell/vars/0`. Keras 2.12
 * and later calls `layers` `_layer_checkpoint_dependencies` in its `.keras` and `.weights.h5` files.
 */
export class NumberedVariables implements VariableSource {
  readonly #file: Hdf5File;
  /** The path in the file for each path as Keras 3 has it. */
  readonly #paths: ReadonlyMap<string, string>;
  readonly #read = new Set<string>();

  constructor(file: Hdf5File) {
    this.#file = file;
    this.#paths = new Map(
      file.datasets().filter((path) => /(^|\/)vars\/\d+$/.test(path) && !GENERATOR_STATE.test(path))
        .map((path) => [path.replaceAll("_layer_checkpoint_dependencies", "layers"), path]),
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
      const stored = this.#paths.get(key);
      const tensor = stored === undefined ? undefined : this.#file.tensor(stored);
      if (!tensor) return void fault(`its ${kind}, ${JSON.stringify(key)}, is missing`);
      this.#read.add(key);
      if (fits(variable, tensor.shape)) return tensor;
      fault(`its ${kind} must have shape ${describeShapes(variable)}, got [${tensor.shape.join(", ")}]`);
    });
  }

  unread(): string[] {
    return [...this.#paths.keys()].filter((path) => !this.#read.has(path) && !path.startsWith("optimizer/"));
  }
}

/**
 * The variables of an HDF5 file of Keras 2. The group `path` has an attribute `layer_names`, and the group of each
 * layer an attribute `weight_names`, in the layer's order.
 *
 * @throws {FormatError} When a listed variable is missing.
 */
export function namedVariables(file: Hdf5File, path: string, budget: Budget): NamedVariables {
  const tensors = new Map<string, TensorCopy>();
  for (const layer of names(file, path, "layer_names")) {
    const group = path ? `${path}/${layer}` : layer;
    for (const name of names(file, group, "weight_names")) {
      const tensor = file.tensor(`${group}/${name}`);
      if (!tensor) throw new FormatError(`Cannot read HDF5: ${JSON.stringify(`${group}/${name}`)} is missing`);
      tensors.set(`${layer}/${name}`, tensor);
    }
  }
  return new NamedVariables(tensors, budget);
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
    return [name];
  });
}
