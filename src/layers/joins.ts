import { ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import { type BatchShape, requireValues, shapeOf, type TensorSpec, type Value } from "../ops/value.ts";
import type { Layer } from "./layer.ts";
import { describe } from "./sequential.ts";
import { stepsOf } from "./resize.ts";

/** A layer that takes its widths from the tensors that the layer reads, in a `graph`. */
export type Join = (inputs: readonly TensorSpec[]) => Layer;

/** How the values of a join become one. */
interface Joined {
  /** Elements of a row of the output. */
  width(widths: readonly number[]): number;
  /** Plan the operation on m rows. */
  plan(scope: Scope, inputs: readonly Value[], output: Value): {
    forward(k: Kernels, m: number): void;
    backward(k: Kernels, m: number): void;
  };
}

/**
 * The tensors of a graph side by side: values `[T, B, a]` and `[T, B, b]` give `[T, B, a + b]`. All have a row for each
 * step, or all have one row for a sequence (see `repeat`).
 *
 * @example
 * ```ts
 * import { dense } from "@unroll/rnn";
 * import { concat, graph, values } from "@unroll/rnn/layers";
 * import { assertEquals } from "@std/assert";
 *
 * const net = graph({
 *   inputs: { x: values(3), age: values(1) },
 *   layers: { both: [concat(), "x", "age"], output: [dense(4, 2), "both"] },
 *   outputs: "output",
 * });
 * assertEquals(net.output.width, 2);
 * ```
 */
export function concat(): Join {
  return join("concat", {
    width: (widths) => widths.reduce((sum, width) => sum + width),
    plan(_scope, inputs, { value: y, gradient: dy = y }) {
      let from = 0;
      const parts = inputs.map(({ width, value, gradient }) => {
        const part = { width, value, gradient, y: y.slice(from, width), dy: dy.slice(from, width) };
        from += width;
        return part;
      });
      return {
        forward(k, m) {
          for (const { width, value, y } of parts) k.copy(y.address, value.address, m, width, y.stride, value.stride);
        },
        backward(k, m) {
          for (const { width, gradient: dx, dy } of parts) {
            if (dx) k.copy(dx.address, dy.address, m, width, dx.stride, dy.stride);
          }
        },
      };
    },
  });
}

/** The sum of tensors of one width, in their order, element by element: a skip connection. See `concat`. */
export function add(): Join {
  return join("add", { width: sameWidth("add"), plan: (_scope, inputs, output) => sum(inputs, output) });
}

/** The mean of tensors of one width, element by element. See `concat`. */
export function average(): Join {
  return join("average", {
    width: sameWidth("average"),
    plan(scope, inputs, output) {
      const { width, value: y, gradient: dy = y } = output, total = sum(inputs, output);
      const share = scope.constant("share", new Array<number>(width).fill(1 / inputs.length));
      const divide = (k: Kernels, { address, stride }: typeof y, m: number) =>
        k.multiply(address, address, share.address, m, width, stride, stride, 0);
      return {
        forward(k, m) {
          total.forward(k, m);
          divide(k, y, m);
        },
        backward(k, m) {
          divide(k, dy, m);
          total.backward(k, m);
        },
      };
    },
  });
}

/** The product of tensors of one width, element by element. See `concat`. */
export function multiply(): Join {
  return join("multiply", {
    width: sameWidth("multiply"),
    plan(_scope, inputs, { width, value: y, gradient: dy = y }) {
      const [first] = inputs, all = inputs.map(({ value }) => value);
      return {
        forward(k, m) {
          k.copy(y.address, first.value.address, m, width, y.stride, first.value.stride);
          for (const { address, stride } of all.slice(1)) {
            k.multiply(y.address, y.address, address, m, width, y.stride, y.stride, stride);
          }
        },
        backward(k, m) {
          inputs.forEach(({ gradient: dx }, i) => {
            if (!dx) return;
            k.copy(dx.address, dy.address, m, width, dx.stride, dy.stride);
            all.forEach(({ address, stride }, j) => {
              if (j !== i) k.multiply(dx.address, dx.address, address, m, width, dx.stride, dx.stride, stride);
            });
          });
        },
      };
    },
  });
}

/**
 * A row for each step: `[repeat(), "vector", "sequence"]` gives the one row of `vector` at every step of `sequence`, of
 * which nothing else is read. `[B, width]` and `[T, B, ...]` give `[T, B, width]`.
 */
export function repeat(): Join {
  return (inputs) => {
    const [vector, sequence] = inputs;
    if (inputs.length !== 2 || vector.steps !== "one" || vector.kind !== "values" || sequence.steps === "one") {
      throw new ShapeError(
        `Cannot repeat: "repeat" must read one row of values for a sequence, then a sequence, got ${list(inputs)}`,
      );
    }
    const { width } = vector, { steps } = sequence;
    return {
      name: "repeat",
      input: { ...sequence, named: Object.fromEntries(inputs.entries()) },
      output: { kind: "values", width, steps },
      parameters: {},
      plan(scope, { named }) {
        const [{ value: x, gradient: dx }, { gradient: unused }] = Object.values(named!);
        const rows = stepsOf(scope, steps) * scope.batch,
          y = scope.activation("output", rows, width);
        const dy = scope.train ? scope.activation("gradient of output", rows, width) : y;
        return {
          output: { kind: "values", width, steps, value: y, gradient: dy },
          states: [],
          refresh() {},
          forward(k, shape) {
            const { T, B } = shapeOf(sequence, shape);
            for (let t = 0; t < T; t++) k.copy(y.step(t, B), x.address, B, width, y.stride, x.stride);
          },
          backward(k, shape) {
            const { T, B } = shapeOf(sequence, shape);
            if (unused) k.zero(unused.address, T * B, unused.columns, unused.stride);
            if (!dx) return;
            k.copy(dx.address, dy.step(T - 1, B), B, width, dx.stride, dy.stride);
            for (let t = T - 2; t >= 0; t--) {
              k.add(dx.address, dx.address, dy.step(t, B), B, width, dx.stride, dx.stride, dy.stride);
            }
          },
          gradients() {},
        };
      },
    };
  };
}

/** y = a + b + ..., dx = dy. */
function sum(inputs: readonly Value[], { width, value: y, gradient: dy = y }: Value): ReturnType<Joined["plan"]> {
  return {
    forward(k, m) {
      inputs.forEach(({ value: { address, stride } }, i) => {
        if (!i) k.copy(y.address, address, m, width, y.stride, stride);
        else k.add(y.address, y.address, address, m, width, y.stride, y.stride, stride);
      });
    },
    backward(k, m) {
      for (const { gradient: dx } of inputs) {
        if (dx) k.copy(dx.address, dy.address, m, width, dx.stride, dy.stride);
      }
    },
  };
}

function join(name: string, { width: widthOf, plan }: Joined): Join {
  return (inputs) => {
    if (inputs.length < 2 || inputs.some(({ kind, parts }) => kind !== "values" || parts) || !haveSameSteps(inputs)) {
      throw new ShapeError(
        `Cannot join tensors: "${name}" must read two or more of values, all with as many steps, or all with one row ` +
          `for a sequence ("repeat" gives a row for each step), got ${list(inputs)}`,
      );
    }
    const width = widthOf(inputs.map(({ width }) => width)), [{ steps }] = inputs;
    return {
      name,
      input: { ...inputs[0], named: Object.fromEntries(inputs.entries()) },
      output: { kind: "values", width, steps },
      parameters: {},
      plan(scope, { named }) {
        const values = Object.values(named!);
        const rows = stepsOf(scope, steps) * scope.batch;
        const rowsOf = (shape: BatchShape) => {
          const { T, B } = shapeOf({ steps }, shape);
          return T * B;
        };
        for (const value of values) requireValues(`plan "${name}"`, value);
        const y = scope.activation("output", rows, width);
        const dy = scope.train ? scope.activation("gradient of output", rows, width) : y;
        const output: Value = { kind: "values", width, steps, value: y, gradient: dy };
        const { forward, backward } = plan(scope, values, output);
        return {
          output,
          states: [],
          refresh() {},
          forward: (k, shape) => forward(k, rowsOf(shape)),
          backward: (k, shape) => backward(k, rowsOf(shape)),
          gradients() {},
        };
      },
    };
  };
}

function sameWidth(name: string): Joined["width"] {
  return (widths) => {
    if (widths.every((width) => width === widths[0])) return widths[0];
    throw new ShapeError(`Cannot join tensors: "${name}" must read tensors of one width, got ${widths.join(", ")}`);
  };
}

/** Numbers of steps that are compared. */
const LONGEST = 200;

/** Whether tensors have as many steps as each other in every call. */
export function haveSameSteps([first, ...others]: readonly TensorSpec[]): boolean {
  const ones = [first, ...others].filter(({ steps }) => steps === "one").length;
  if (ones) return ones === others.length + 1;
  return others.every((other) => {
    for (let T = 1; T <= LONGEST; T++) if (stepsAt(first, T) !== stepsAt(other, T)) return false;
    return true;
  });
}

/** The number of steps of a tensor in a call of T steps; 0 when T are too few. */
function stepsAt(spec: TensorSpec, T: number): number {
  try {
    return shapeOf(spec, { T, B: 1, active: () => 1, training: false }).T;
  } catch (error) {
    if (error instanceof ShapeError) return 0;
    throw error;
  }
}

function list(inputs: readonly TensorSpec[]): string {
  return inputs.map((spec) => describe(spec) + (spec.steps === "one" ? " with one row for a sequence" : "")).join("; ");
}
