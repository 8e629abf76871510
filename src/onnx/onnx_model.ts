import { DisposedError, ShapeError } from "../errors.ts";
import type { Numerics } from "../kernels/load.ts";
import { Execution } from "./run/execution.ts";
import { type Graph, type OnnxValue, readGraph } from "./run/graph.ts";
import { netOf, type OnnxNet } from "./import/net.ts";
import { type OnnxTensor, sizeOf, tensor } from "./format/tensor.ts";

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
 * import { OnnxModel } from "@unroll/rnn/onnx";
 * import { assertEquals } from "@std/assert";
 *
 * // y = x W + 3, W = [1, 2]; usually the bytes of a file.
 * const bytes = Uint8Array.fromBase64(
 *   "CAcSADp2CiEKAXgKAVcKAWISAXkiBEdlbW0qDQoGdHJhbnNCGAGgAQISAWcqEwgBCAIQAUIBV0oIAACAPwAAAEAqDQgBEAFCAWJKBAAAQEBa" +
 *     "FAoBeBIPCg0IARIJCgMSAW4KAggCYhQKAXkSDwoNCAESCQoDEgFuCgIIAUIECgAQDQ==",
 * );
 * using model = OnnxModel.load(bytes);
 * assertEquals(model.inputs[0], { name: "x", type: "float", shape: ["n", 2] });
 * const { y } = await model.run({ x: { shape: [2, 2], data: [1, 1, 10, 10] } });
 * assertEquals([...y.data], [6, 33]);
 * // As layers that can be trained:
 * const { layer, parameters } = model.net();
 * assertEquals(Object.keys(layer.parameters), ["dense.weight", "dense.bias"]);
 * assertEquals([...parameters.get("dense.weight")!.data], [1, 2]);
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
