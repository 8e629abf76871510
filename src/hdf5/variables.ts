import { FormatError } from "../errors.ts";
import { NamedVariables } from "../keras/named_variables.ts";
import { describeShapes, fits, type Variable, type VariableSource } from "../keras/variables.ts";
import type { TensorCopy } from "../runtime/state_dict.ts";
import type { Hdf5File } from "./hdf5.ts";

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
    wanted: readonly Variable[],
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
