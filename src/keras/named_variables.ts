import type { TensorCopy } from "../runtime/state_dict.ts";
import { describeShapes, fits, type Variable, type VariableSource } from "./variables.ts";

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
    wanted: readonly Variable[],
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
