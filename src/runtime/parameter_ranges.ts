import { numbers } from "../formats/elements.ts";
import type { ParameterSlot, Planner } from "../memory/planner.ts";
import type { Slot } from "../memory/slot.ts";
import type { RowLayout } from "./row_layout.ts";
import { type Differences, type LoadOptions, requireTensors, type Tensors } from "./state_dict.ts";

/** The parameters of a net, and ranges that are laid out as they are (moments, averages), for those outside: copies. */
export class ParameterRanges {
  readonly #planner: Planner;
  readonly #rows: RowLayout;

  constructor(planner: Planner, rows: RowLayout) {
    this.#planner = planner;
    this.#rows = rows;
  }

  /** All parameters that have a tensor; none unless all tensors fit. */
  set(tensors: Tensors, options: LoadOptions): Differences {
    const { parameters } = this.#planner;
    const { given, ...differences } = requireTensors("parameter", parameters, tensors, options);
    for (const { name, value, size } of parameters) {
      const tensor = given.get(name);
      if (tensor) this.#rows.floats(value.address, size).set(numbers(tensor));
    }
    return differences;
  }

  /** A copy of a parameter's part of such a range. */
  readPart(range: Slot, parameter: ParameterSlot): Float32Array {
    return Float32Array.from(this.#part(range, parameter));
  }

  /** A parameter's part of such a range. */
  writePart(range: Slot, parameter: ParameterSlot, data: ArrayLike<number>): void {
    this.#part(range, parameter).set(data);
  }

  /** All parameters change places with such a range. */
  exchange(range: Slot): void {
    const { ranges, elements } = this.#planner;
    const values = this.#rows.floats(ranges.value, elements), others = this.#rows.floats(range.address, elements);
    const kept = values.slice();
    values.set(others);
    others.set(kept);
  }

  #part(range: Slot, { value, size }: ParameterSlot): Float32Array | Float64Array {
    return this.#rows.floats(range.address + value.address - this.#planner.ranges.value, size);
  }
}
