import { DisposedError, ShapeError } from "../errors.ts";
import type { Numerics } from "../kernels/load.ts";
import { Execution } from "./execution.ts";
import { type Graph, type OnnxValue, readGraph } from "./graph.ts";
import { netOf, type OnnxNet } from "./net.ts";
import { type OnnxTensor, sizeOf, tensor } from "./tensor.ts";

/** A tensor as it comes in: row-major elements, which become the type that the model declares. */
export interface OnnxInput {
  /** The extent of each dimension; `[]` for a single number. */
  readonly shape: readonly number[];
  /** The elements. */
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/** Options of `OnnxModel.load`. */
export interface OnnxOptions {
  /** As in `compile`. Default `"fast"`. */
  numerics?: Numerics;
}

/**
 * An ONNX model (https://onnx.ai): RNN, GRU and LSTM with all their attributes, run by our kernels, and the operators that are
 * usual around them. Nothing in the file is executed, and nothing but its bytes is read.
 *
 * @example
 * ```ts
 * import { exportOnnx, OnnxModel } from "@unroll/rnn/onnx";
 * import { compile, dense, lstm, recurrent, sequential } from "@unroll/rnn";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const net = sequential({ rnn: recurrent(lstm(), { input: 2, hidden: 4 }), output: dense(4, 1) });
 * using session = await compile(net, { batch: 1, steps: 3 });
 * using model = OnnxModel.load(exportOnnx(net, session.parameters()));
 * const x = [1, 2, 3, 4, 5, 6]; // [T = 3, B = 1, 2]
 * const { output } = await model.run({ x: { shape: [3, 1, 2], data: x } });
 * session.forward(x).forEach((y, i) => assertAlmostEquals(output.data[i], y, 1e-6));
 * ```
 */
export class OnnxModel implements Disposable {
  readonly #graph: Graph;
  readonly #execution: Execution;
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;

  private constructor(graph: Graph, numerics: Numerics) {
    this.#graph = graph;
    this.#execution = new Execution(graph, numerics);
  }

  /**
   * Read a model, and compute what depends on its constants alone.
   *
   * @param bytes The whole file.
   * @throws {FormatError} When the file is broken, or has operators, attributes or types that are not supported.
   * @throws {ShapeError} When its constants do not fit together.
   */
  static load(bytes: Uint8Array, { numerics = "fast" }: OnnxOptions = {}): OnnxModel {
    return new OnnxModel(readGraph(bytes), numerics);
  }

  /** What `run` wants. */
  get inputs(): readonly OnnxValue[] {
    return this.#graph.inputs;
  }

  /** What `run` gives. */
  get outputs(): readonly OnnxValue[] {
    return this.#graph.outputs;
  }

  /**
   * Compute all outputs from all inputs. Calls run one after the other.
   *
   * @throws {ShapeError} When an input is missing, unknown, or has another shape than the model declares, or when shapes
   * do not fit together in a node, which is named.
   */
  async run(inputs: Readonly<Record<string, OnnxInput>>): Promise<Record<string, OnnxTensor>> {
    if (this.#disposed) throw new DisposedError("Cannot run an ONNX model: it was disposed");
    const given = this.#check(inputs), run = this.#last.then(() => this.#execution.run(given));
    this.#last = run.catch(() => {});
    const values = await run;
    return Object.fromEntries(this.#graph.outputs.map(({ name }) => [name, values.get(name)!]));
  }

  /**
   * The model as layers that can be trained, when it is one of our nets.
   *
   * @throws {FormatError} When it is not; the message has the first node that is no layer.
   *
   * @example
   * ```ts
   * import { exportOnnx, OnnxModel } from "@unroll/rnn/onnx";
   * import { compile, dense, embedding, gru, recurrent, sequential } from "@unroll/rnn";
   * import { assertEquals } from "@std/assert";
   *
   * const mine = sequential({
   *   tokens: embedding(10, 4),
   *   cell: recurrent(gru(), { input: 4, hidden: 6 }),
   *   classes: dense(6, 2),
   * });
   * using session = await compile(mine, { batch: 2, steps: 3 });
   * using model = OnnxModel.load(exportOnnx(mine, session.parameters()));
   * const { layer, parameters, batchFirst } = model.net();
   * using copy = await compile(layer, { batch: 2, steps: 3, batchFirst });
   * copy.setParameters(parameters);
   * assertEquals(copy.forward([1, 2, 3, 4, 5, 6]), session.forward([1, 2, 3, 4, 5, 6]));
   * ```
   */
  net(): OnnxNet {
    return netOf(this.#graph, this.#execution.nodes, this.#execution.constants);
  }

  /** Give up the memory; later runs throw DisposedError. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#execution[Symbol.dispose]();
  }

  #check(inputs: Readonly<Record<string, OnnxInput>>): Map<string, OnnxTensor> {
    const wanted = this.#graph.inputs, names = wanted.map(({ name }) => name), extents = new Map<string, number>();
    const faults = Object.keys(inputs).filter((name) => !names.includes(name)).map((name) => `"${name}" is no input`);
    const checked = new Map<string, OnnxTensor>();
    for (const { name, type, shape } of wanted) {
      const input = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
      if (!input) {
        faults.push(`"${name}" is missing`);
        continue;
      }
      const whole = input.shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
      if (!whole || sizeOf(input.shape) !== input.data.length || (shape && !fits(shape, input.shape, extents))) {
        const expected = shape ? `shape [${shape.join(", ")}]` : "as many elements as its shape says";
        faults.push(`"${name}" must have ${expected}, got [${input.shape}] with ${input.data.length} elements`);
        continue;
      }
      checked.set(name, tensor(type, [...input.shape], Array.from(input.data, Number)));
    }
    if (faults.length) throw new ShapeError(`Cannot run an ONNX model: ${faults.join("; ")}`);
    return checked;
  }
}

/** Whether a shape is as declared, extents of one name being one number. */
function fits(declared: readonly (number | string)[], shape: readonly number[], extents: Map<string, number>): boolean {
  return declared.length === shape.length && declared.every((extent, i) => {
    if (extent === "?") return true;
    if (typeof extent === "number") return extent === shape[i];
    if (!extents.has(extent)) extents.set(extent, shape[i]);
    return extents.get(extent) === shape[i];
  });
}
