import type { Graph, OnnxValue } from "./run/graph_node.ts";
import { DisposedError, FormatError, requireBytes, ShapeError } from "../errors.ts";
import { Budget, limits as readLimits, type ReadLimits } from "../formats/limits.ts";
import { wrongFile } from "../formats/wrong_file.ts";
import { type KernelOptions, KERNELS } from "../kernels/builds.ts";
import { extended, readOptions, type Table } from "../options.ts";
import { Resource } from "../resource.ts";
import { readWithin } from "./format/budget.ts";
import { external as externalFiles, ExternalFiles, type OnnxExternal } from "./format/external.ts";
import { copied, Execution } from "./run/execution.ts";
import { readGraph } from "./run/graph.ts";
import { netOf, type OnnxNet } from "./import/net.ts";
import { type OnnxInput, type OnnxTensor, sizeOf } from "./format/tensor.ts";

export type { OnnxInput };

/** Bytes that a call of a small model may take, without those for its inputs and its weights. */
const RUN_BYTES = 2 ** 28;

/** Options of `OnnxModel.load`. */
export interface OnnxOptions extends KernelOptions {
  /**
   * The files beside the model that have the elements of its tensors, as PyTorch writes `model.onnx.data`: by name, a
   * function that reads one by its name, or the one file there is. `filesBeside` of `./files` makes such a function.
   */
  external?: OnnxExternal;
  /**
   * How much memory and time a model may take to be read, and to be converted to layers. A call of `run` may take 8
   * bytes more for each element of its inputs and each byte of the file; its default begins at 256 MiB.
   */
  limits?: ReadLimits;
}

const ONNX = /* @__PURE__ */ extended(KERNELS, { external: [externalFiles], limits: [readLimits] }) satisfies Table<
  OnnxOptions
>;

/**
 * An ONNX model (https://onnx.ai). RNN, GRU and LSTM are supported with all their attributes and run on the library's
 * kernels; around them, the operators of common exports are supported. No code in the file is executed, and no other
 * file is read but by the option `external`.
 *
 * @example
 * ```ts
 * import { OnnxModel } from "@unroll/rnn/onnx";
 * import { assertEquals } from "@std/assert";
 *
 * // y = x W + 3, W = [1, 2]; usually the content of a file.
 * const bytes = Uint8Array.fromBase64(
 *   "CAcSADp2CiEKAXgKAVcKAWISAXkiBEdlbW0qDQoGdHJhbnNCGAGgAQISAWcqEwgBCAIQAUIBV0oIAACAPwAAAEAqDQgBEAFCAWJKBAAAQEBa" +
 *     "FAoBeBIPCg0IARIJCgMSAW4KAggCYhQKAXkSDwoNCAESCQoDEgFuCgIIAUIECgAQDQ==",
 * );
 * const model = OnnxModel.load(bytes);
 * assertEquals(model.inputs[0], { name: "x", type: "float", shape: ["n", 2] });
 * const { y } = await model.run({ x: { shape: [2, 2], data: [1, 1, 10, 10] } });
 * assertEquals([...y.data], [6, 33]);
 * // As layers that can be trained:
 * const { layer, parameters } = model.net();
 * assertEquals(Object.keys(layer.parameters), ["dense.weight", "dense.bias"]);
 * assertEquals([...parameters.get("dense.weight")!.data], [1, 2]);
 * model.dispose();
 * ```
 */
export class OnnxModel extends Resource {
  readonly #graph: Graph;
  readonly #execution: Execution;
  readonly #budget: () => Budget;
  /** The end of the last call that still runs. */
  #lastRun: Promise<void> | undefined;
  #disposed = false;

  private constructor(graph: Graph, execution: Execution, budget: () => Budget) {
    super();
    this.#graph = graph;
    this.#execution = execution;
    this.#budget = budget;
  }

  /**
   * Reads a model and computes the values that depend only on its constants.
   *
   * @param bytes The whole file.
   * @throws {FormatError} When the file is broken, has unsupported operators, attributes or types, or constants whose
   * shapes do not fit together, or takes more than `limits` allow. When its tensors are in other files, and `external`
   * does not have these, or not as many bytes as the model says.
   */
  static load(bytes: Uint8Array | ArrayBuffer, options: OnnxOptions = {}): OnnxModel {
    const { external, limits, ...kernels } = readOptions("OnnxModel.load", ONNX, options);
    const file = requireBytes("bytes", bytes);
    const other = wrongFile(file);
    if (other) throw new FormatError(`Cannot read ONNX: expected a model, got ${other}`, 0);
    const reading = new Budget("ONNX", file.length, limits);
    return readWithin(reading, () => {
      const files = new ExternalFiles(external, reading);
      const graph = readGraph(file, files);
      const length = file.length + files.length;
      const budget = () => new Budget("ONNX", length, limits);
      const run = (elements: number) => {
        const { bytes = RUN_BYTES + 128 * length } = limits ?? {};
        return new Budget("and run ONNX", length, { bytes: bytes + 8 * elements * length });
      };
      return new OnnxModel(graph, new Execution(graph, kernels, run), budget);
    });
  }

  /** The inputs of `run`. */
  get inputs(): readonly OnnxValue[] {
    return this.#graph.inputs;
  }

  /** The outputs of `run`. */
  get outputs(): readonly OnnxValue[] {
    return this.#graph.outputs;
  }

  /**
   * Computes all outputs from all inputs. Concurrent calls run one after the other.
   *
   * @throws {ShapeError} When an input is missing or unknown, its shape is not the one that the model declares, or
   * shapes do not fit together in a node, which the message names.
   * @throws {FormatError} When the call takes more than `limits` allow.
   * @throws {DisposedError} When the model was disposed.
   */
  async run(inputs: Readonly<Record<string, OnnxInput>>): Promise<Record<string, OnnxTensor>> {
    this.#requireOpen();
    const checked = this.#check(inputs);
    let resolve: (() => void) | undefined;
    const promise = new Promise<void>((end) => resolve = end);
    // A call that waits has copies of its inputs, which the caller may change meanwhile.
    const given = this.#lastRun ? checked.map(copied) : checked, last = this.#lastRun;
    this.#lastRun = promise;
    if (last) await last;
    try {
      this.#requireOpen();
      const values = await this.#execution.run(given);
      return Object.fromEntries(this.#graph.outputs.map(({ name }, i) => [name, values[i]]));
    } finally {
      if (this.#lastRun === promise) this.#lastRun = undefined;
      resolve!();
    }
  }

  /**
   * Converts the model to layers that can be trained.
   *
   * @throws {FormatError} When the model is not a net of the library's layers; the message names the first such node.
   * Or when this takes more than `limits` allow.
   */
  net(): OnnxNet {
    const { nodes, constants } = this.#execution;
    return readWithin(this.#budget(), () => netOf(this.#graph, nodes, constants));
  }

  /** Frees the memory. Later calls of `run` throw a `DisposedError`. */
  override dispose(): void {
    this.#disposed = true;
    this.#execution.dispose();
  }

  #requireOpen(): void {
    if (this.#disposed) throw new DisposedError("Cannot run an ONNX model: it was disposed");
  }

  #check(inputs: Readonly<Record<string, OnnxInput>>): OnnxInput[] {
    const declared = this.#graph.inputs;
    const names = declared.map(({ name }) => name);
    const extents = new Map<string, number>();
    const faults = Object.keys(inputs).filter((name) => !names.includes(name)).map((name) =>
      `"${name}" is not an input of the model`
    );
    const checked: OnnxInput[] = [];
    for (const { name, shape } of declared) {
      const input = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
      if (!input) {
        faults.push(`"${name}" is missing`);
        continue;
      }
      const isShape = input.shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
      if (!isShape || sizeOf(input.shape) !== input.data.length || (shape && !fits(shape, input.shape, extents))) {
        const expected = shape ? `shape [${shape.join(", ")}]` : "as many elements as its shape says";
        faults.push(`"${name}" must have ${expected}, got [${input.shape}] with ${input.data.length} elements`);
        continue;
      }
      checked.push(input);
    }
    if (faults.length) throw new ShapeError(`Cannot run an ONNX model: ${faults.join("; ")}`);
    return checked;
  }
}

/**
 * Whether a shape is as declared. Extents of one name must be equal.
 *
 * @param extents The named extents so far, to which new ones are added.
 */
function fits(declared: readonly (number | string)[], shape: readonly number[], extents: Map<string, number>): boolean {
  return declared.length === shape.length && declared.every((extent, i) => {
    if (extent === "?") return true;
    if (typeof extent === "number") return extent === shape[i];
    if (!extents.has(extent)) extents.set(extent, shape[i]);
    return extents.get(extent) === shape[i];
  });
}
