import { type Cell, cell } from "../../cells/cell.ts";
import { type Int8Build, type KernelOptions, KERNELS } from "../../kernels/builds.ts";
import { type Check, extended, picked, readOptions, refuse, requireMade, type Table } from "../../options.ts";
import { Resource } from "../../resource.ts";
import { isTokenizer } from "../../text/tokenizer.ts";
import type { TokenizerSource } from "../../text/vocabulary_tokens.ts";
import { int8Net } from "../../layers/int8_net.ts";
import type { Layer } from "../../layers/layer.ts";
import type { IncompatibleKeys, LoadOptions, TensorCopy, Tensors } from "../../runtime/state_dict.ts";
import { type FileKind, type ModelDescription, type SaveOptions, writeModel } from "./model_file.ts";
import type { ModelParameters, NetPool, SessionSize } from "./net_pool.ts";

/** Options to load a model. */
export interface RunnerOptions extends KernelOptions {
  /**
   * The recurrent cell of the model, if it is not one of the library's: the file has its name only.
   *
   * @default the cell that the file names
   */
  cell?: Cell;
  /**
   * The tokenizer of the model, if it is one of another library: the file has what `JSON.stringify` makes of it. A
   * function makes the tokenizer from that.
   *
   * @default the vocabulary that the file has
   */
  tokens?: TokenizerSource;
}

const tokenizer: Check<TokenizerSource> = (name, value) =>
  typeof value === "function" || isTokenizer(value)
    ? value as TokenizerSource
    : refuse(name, "a tokenizer, or a function that makes one", value);

/** The options to load a model. */
export const RUNNER = /* @__PURE__ */ extended({ cell: [cell], tokens: [tokenizer] }, KERNELS) satisfies Table<
  RunnerOptions
>;

/** One kind of model: its file, and the net that a description makes. */
export interface ModelKind<Description extends ModelDescription> extends FileKind<Description> {
  /**
   * The same layers as they run forward, piece by piece: with the same parameters, and outputs that are needed alone.
   *
   * @default {net}
   */
  runningNet?(description: Description): Layer;
  /** The size of the net for computations within one task of the event loop. */
  size(description: Description): SessionSize;
}

const QUANTIZE = /* @__PURE__ */ picked(KERNELS, "kernels") satisfies Table<Pick<KernelOptions, "kernels">>;

/** The net of a model, and the same layers as they run forward. */
export function netsOf<Description extends ModelDescription>(
  kind: ModelKind<Description>,
  description: Description,
): { readonly layer: Layer; readonly running: Layer } {
  const stored = (net: Layer) => description.weights ? int8Net(net) : net;
  const layer = stored(kind.net(description));
  return { layer, running: kind.runningNet ? stored(kind.runningNet(description)) : layer };
}

/** A model as the classes that run it see it; they do not know whether it is trained as well. */
export interface RunnableModel<Description extends ModelDescription = ModelDescription> {
  /** The name of the model's kind in its file. */
  readonly kind: string;
  /** All that makes up the net. */
  readonly description: Description;
  /** The layers. */
  readonly layer: Layer;
  /** The layers as they run forward. */
  readonly running: Layer;
  /** The parameters, and a net for computations within one task of the event loop. */
  readonly parameters: ModelParameters;
  /** Nets of `running` for all other computations. */
  readonly nets: NetPool;
  /** The kernels of int8 weights, of a model that has such weights. */
  readonly int8?: Int8Build;
  /** The model with int8 weights. */
  quantize(kernels: KernelOptions["kernels"]): Promise<RunnableModel<Description>>;
}

/** What all models have, whether they only run or can be trained. */
export abstract class ModelRunner extends Resource {
  readonly #model: RunnableModel;

  /** A runner is made by a function such as `loadLanguageModel`, a trainable model by its `create` or `load`. */
  constructor(model: RunnableModel) {
    super();
    this.#model = requireMade("model", model, "nets", "what `create` and `load` make");
    // What Deno and Node show. In the class, the computed name would keep bundlers from dropping it.
    Object.defineProperty(this, Symbol.for("nodejs.util.inspect.custom"), { value: () => this.#inspect() });
  }

  /** The layers of the model, to be used without the model around them. */
  get net(): Layer {
    return this.#model.layer;
  }

  /** Copies of all parameters by name, as `setParameters` of a session of `net` takes them. */
  parameters(): Map<string, TensorCopy> {
    return this.#model.parameters.owner.parameters();
  }

  /**
   * Set the parameters, as `setParameters` of a session of `net` does. A training goes on with the new parameters.
   *
   * @returns The names without a match, which only `strict: false` allows.
   * @throws {ShapeError} When names or shapes differ. Nothing is changed.
   */
  setParameters(tensors: Tensors, options: LoadOptions = {}): IncompatibleKeys {
    return this.#model.parameters.owner.setParameters(tensors, options);
  }

  /** Number of elements of all parameters. */
  get size(): number {
    let size = 0;
    for (const { shape } of Object.values(this.net.parameters)) size += shape.reduce((product, n) => product * n, 1);
    return size;
  }

  /** A table of all parameters: names, shapes, sizes and bytes. */
  summary(): string {
    return this.#model.parameters.now.summary();
  }

  /**
   * The model as a safetensors file: parameters by PyTorch's names (`rnn.weight_ih_l0`), the rest as metadata.
   *
   * @throws {OptionError} When a parameter has no F16 and `dtype` asks for it.
   */
  save(options: SaveOptions = {}): Uint8Array<ArrayBuffer> {
    const { kind, description, int8 } = this.#model;
    return writeModel(kind, description, this.parameters(), options, int8);
  }

  /**
   * A model with int8 weights: a quarter of the bytes in its file, and several times as many weights a second. It runs
   * as this one does; to train it is refused. This model stays as it is. `int8` of entry `./int8` must be among the
   * kernels of this model, or be given.
   *
   * @throws {OptionError} When it is not, or a weight is not finite.
   *
   * @example
   * ```ts
   * import { LanguageModel } from "@unroll/rnn";
   * import { int8 } from "@unroll/rnn/int8";
   * import { assert, assertEquals } from "@std/assert";
   *
   * const model = await LanguageModel.create("to be or not to be", { hidden: [128], kernels: int8 });
   * const small = await model.quantize(), file = small.save();
   * assert(file.length < 0.3 * model.save().length);
   * const loaded = await LanguageModel.load(file, { kernels: int8 });
   * assertEquals(await loaded.write({ length: 9 }), await small.write({ length: 9 }));
   * for (const each of [model, small, loaded]) each.dispose();
   * ```
   */
  async quantize(options: Pick<KernelOptions, "kernels"> = {}): Promise<this> {
    const { kernels } = readOptions("quantize", QUANTIZE, options);
    const Model = this.constructor as new (model: RunnableModel) => this;
    return new Model(await this.#model.quantize(kernels));
  }

  /**
   * Refuses JSON, which would have no parameters. A member of each object, not of the class: so `structuredClone`,
   * which would drop the parameters, refuses the model as well.
   *
   * @throws {TypeError} Always: `save` writes a model.
   */
  readonly toJSON: () => never = () => {
    throw new TypeError("Cannot write a model as JSON: use save(), which gives its file");
  };

  #inspect(): string {
    try {
      return `${this.#model.kind}\n${this.summary()}`;
    } catch {
      return `${this.#model.kind}, disposed`;
    }
  }

  /** Release the memory. Every later call throws a DisposedError. */
  override dispose(): void {
    this.#model.parameters.dispose();
  }
}
