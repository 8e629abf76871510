import { OptionError, ShapeError } from "../errors.ts";
import type { ParameterSlot, Planner, RandomStream } from "./planner.ts";
import type { Slot } from "./slot.ts";

/** What a decoder attends to: the encoder's outputs `[S, B, width]`. A layer that reads them adds to their gradient. */
export interface Source {
  /** Elements of a row. */
  readonly width: number;
  /** The rows. */
  readonly value: Slot;
  /** Their gradient; none when not training. */
  readonly gradient?: Slot;
  /** The largest S. Default: the largest T of a call. */
  readonly steps?: number;
}

/** The largest T of a call in a scope, and the reverse order of its rows. */
interface Size {
  readonly steps: number;
  reverseOrder(): Slot;
}

/** The planner in the name scope of one layer: the scope completes the layer's names, and finds its parameters. */
export class Scope {
  readonly #planner: Planner;
  readonly #prefix: string;
  readonly #suffix: string;
  readonly #parameters: ReadonlyMap<string, ParameterSlot>;
  readonly #decoder: { readonly source?: Source } | undefined;
  readonly #size: Size | undefined;

  /**
   * The session makes the scope of a net.
   *
   * @param parameters All parameters of the net, by full name.
   * @param prefix Text before every name of this scope.
   * @param suffix Text behind every name of this scope.
   * @param decoder Set in the scope of a decoder, with the source that the decoder attends to.
   * @param size Set in the scope of layers behind one that changes the number of steps.
   * @param isInt8 Whether matmuls have int8 weights.
   */
  constructor(
    planner: Planner,
    parameters: ReadonlyMap<string, ParameterSlot>,
    prefix = "",
    suffix = "",
    decoder?: { readonly source?: Source },
    size?: Size,
    readonly isInt8 = false,
  ) {
    this.#size = size;
    this.#planner = planner;
    this.#parameters = parameters;
    this.#prefix = prefix;
    this.#suffix = suffix;
    this.#decoder = decoder;
  }

  /** The largest B of a call. */
  get batch(): number {
    return this.#planner.batch;
  }

  /** The largest T of a call. */
  get steps(): number {
    return this.#size?.steps ?? this.#planner[this.#decoder ? "decoderSteps" : "steps"];
  }

  /** Whether backward will run. */
  get train(): boolean {
    return this.#planner.train;
  }

  /**
   * The same scope for int8 weights.
   *
   * @throws {OptionError} When backward will run.
   */
  int8(): Scope {
    if (this.train) throw new OptionError("Cannot train int8 weights: train the net from which they were quantized");
    this.#planner.isInt8 = true;
    const names = [this.#prefix, this.#suffix] as const;
    return new Scope(this.#planner, this.#parameters, ...names, this.#decoder, this.#size, true);
  }

  /** The scope of a part of the layer: `prefix` comes before its names, `suffix` behind. `size` may differ. */
  within(prefix: string, suffix = "", size: { steps: number; reverseOrder(): Slot } | undefined = this.#size): Scope {
    const names = [this.#prefix + prefix, suffix + this.#suffix] as const;
    return new Scope(this.#planner, this.#parameters, ...names, this.#decoder, size, this.isInt8);
  }

  /** The scope of a decoder, which has its own number of steps. */
  decoder(prefix: string, source?: Source): Scope {
    const names = [this.#prefix + prefix, this.#suffix] as const;
    return new Scope(this.#planner, this.#parameters, ...names, { source }, undefined, this.isInt8);
  }

  /**
   * What the decoder that this belongs to attends to, and its largest S.
   *
   * @throws {ShapeError} When there is nothing. `who` cannot do without.
   */
  requireSource(who: string): Source & { readonly steps: number } {
    const source = this.#decoder?.source;
    if (source) return { steps: this.#planner.steps, ...source };
    throw noSource(who, this.#decoder !== undefined);
  }

  /** The full name, in the whole net, of the layer's `name`. */
  name(name: string): string {
    return this.#prefix + name + this.#suffix;
  }

  /** The name in the whole net of one layer and direction of a recurrent layer: `rnn.l0_reverse`. */
  get layerName(): string {
    return (this.#prefix + this.#suffix.slice(1)).replace(/\.$/, "");
  }

  /**
   * A parameter that the layer declares.
   *
   * @throws {Error} When the layer does not declare `name`.
   */
  parameter(name: string): ParameterSlot {
    const slot = this.#parameters.get(this.name(name));
    if (!slot) throw new Error(`Cannot plan parameter "${this.name(name)}": it was not declared`);
    return slot;
  }

  /** See Planner.derived. */
  derived(name: string, rows: number, columns: number): Slot {
    return this.#planner.derived(this.name(name), rows, columns);
  }

  /** See Planner.activation. */
  activation(name: string, rows: number, columns: number): Slot {
    return this.#planner.activation(this.name(name), rows, columns);
  }

  /** Place a sequence: when training B rows for each of T steps, otherwise B rows, which every step overwrites. */
  sequence(name: string, columns: number): Slot {
    const steps = this.train ? this.steps : 1;
    return this.#planner.activation(this.name(name), steps * this.batch, columns, steps);
  }

  /**
   * Place states 0 to T of B rows each. Without `history`, and when not training, the slot holds the last two states.
   */
  states(name: string, columns: number, history: boolean): Slot {
    const { batch, steps } = this;
    if (!history && !this.train) return this.turns(name, columns);
    return this.#planner.activation(this.name(name), (steps + 1) * batch, columns, Infinity, batch);
  }

  /** Place two blocks of B rows, which even and odd steps use. */
  turns(name: string, columns: number): Slot {
    return this.#planner.activation(this.name(name), 2 * this.batch, columns, 2);
  }

  /** Whether the gradients of recurrent layers' outputs stay in memory for all steps. */
  get keepOutputGradients(): boolean {
    return this.#planner.keepOutputGradients;
  }

  /** Gradients of output states 0 to T: two blocks, which the steps take in turn, or all with `keepOutputGradients`. */
  outputGradients(name: string, columns: number): Slot {
    return this.keepOutputGradients ? this.states(name, columns, true) : this.turns(name, columns);
  }

  /** See Planner.constant. */
  constant(name: string, numbers: readonly number[]): Slot {
    return this.#planner.constant(this.name(name), numbers);
  }

  /** See Planner.random. */
  random(): RandomStream {
    return this.#planner.random();
  }

  /** See Planner.reverseOrder. The layer must declare `wholeSequence`. */
  reverseOrder(): Slot {
    return (this.#size ?? this.#planner).reverseOrder();
  }

  /** See Planner.integers. */
  integers(name: string, rows: number): Slot {
    return this.#planner.integers(this.name(name), rows);
  }

  /** See Planner.scratch. */
  scratch(name: string, rows: number, columns: number): Slot {
    return this.#planner.scratch(this.name(name), rows, columns);
  }

  /** See Planner.workspace. */
  workspace(elements: number): Slot {
    return this.#planner.workspace(elements);
  }
}

/** The error of `who`, which reads the outputs of an encoder and has none to read, be it in a decoder or not. */
export function noSource(who: string, isInDecoder: boolean): ShapeError {
  const wanted = "the decoder of an encoder that gives values for each step";
  return new ShapeError(`Cannot plan ${who}: it must be in ${wanted}, got ${isInDecoder ? "another one" : "none"}`);
}
