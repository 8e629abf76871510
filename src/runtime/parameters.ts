import { numbers } from "../formats/elements.ts";
import type { ParameterSlot, Planner } from "../memory/planner.ts";
import type { Slot } from "../memory/slot.ts";
import { dequantized } from "./int8_tensors.ts";
import type { RowLayout } from "./row_layout.ts";
import {
  type IncompatibleKeys,
  type LoadOptions,
  requireTensors,
  type TensorCopy,
  type Tensors,
} from "./state_dict.ts";

/**
 * Copies parameters in and out of memory, and the ranges with the same layout as the parameters: optimizer moments,
 * moving averages.
 */
export class Parameters {
  readonly #planner: Planner;
  readonly #layout: RowLayout;

  constructor(planner: Planner, layout: RowLayout) {
    this.#planner = planner;
    this.#layout = layout;
  }

  /** Set every parameter that has a tensor. Nothing is set unless all tensors fit. */
  set(tensors: Tensors, options: LoadOptions): IncompatibleKeys {
    const { parameters, isInt8 } = this.#planner, given = isInt8 ? dequantized(tensors) : tensors;
    const { fitting, ...incompatible } = requireTensors("parameter", parameters, given, options);
    for (const { name, value, size } of parameters) {
      const tensor = fitting.get(name);
      if (tensor) this.#layout.floats(value.address, size).set(numbers(tensor));
    }
    return incompatible;
  }

  /**
   * A tensor for each parameter by all its names, in PyTorch's shapes; tied parameters are one tensor with several
   * names.
   */
  copies(read: (parameter: ParameterSlot) => Float32Array): Map<string, TensorCopy> {
    return new Map(this.#planner.parameters.flatMap((parameter) => {
      const { name, aliases, shape } = parameter;
      const copy = { shape, data: read(parameter) };
      return [name, ...aliases].map((each) => [each, copy] as const);
    }));
  }

  /** A copy of the elements of a range that belong to a parameter. */
  read(range: Slot, parameter: ParameterSlot): Float32Array {
    return Float32Array.from(this.#elements(range, parameter));
  }

  /** Set the elements of a range that belong to a parameter. */
  write(range: Slot, parameter: ParameterSlot, data: ArrayLike<number>): void {
    this.#elements(range, parameter).set(data);
  }

  /** Exchange all parameters with a range. */
  exchange(range: Slot): void {
    const { ranges, elements } = this.#planner;
    const values = this.#layout.floats(ranges.value, elements);
    const others = this.#layout.floats(range.address, elements);
    const copy = values.slice();
    values.set(others);
    others.set(copy);
  }

  #elements(range: Slot, { value, size }: ParameterSlot): Float32Array | Float64Array {
    return this.#layout.floats(range.address + value.address - this.#planner.ranges.value, size);
  }
}
