import { ShapeError } from "../../errors.ts";

/** Values by name, of a graph in a node and of those around it. */
export class Values<Value> {
  readonly #own = new Map<string, Value>();
  readonly #around: Values<Value> | undefined;

  constructor(around?: Values<Value>) {
    this.#around = around;
  }

  get(name: string): Value | undefined {
    return this.#own.get(name) ?? this.#around?.get(name);
  }

  /** @throws {ShapeError} When a node does not give the value of an output. */
  output(name: string): Value {
    const value = this.get(name);
    if (value === undefined) throw new ShapeError(`Cannot run an ONNX model: nothing gives ${JSON.stringify(name)}`);
    return value;
  }

  set(name: string, value: Value | undefined): void {
    if (name && value !== undefined) this.#own.set(name, value);
  }

  /** The values of the inputs of a node; undefined for an absent one. */
  all(names: readonly string[]): (Value | undefined)[] {
    return names.map((name) => name ? this.get(name) : undefined);
  }

  /** Sets the outputs of a node. */
  store(names: readonly string[], values: readonly (Value | undefined)[]): void {
    names.forEach((name, i) => this.set(name, values[i]));
  }
}
