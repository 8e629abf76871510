import { ShapeError } from "../errors.ts";
import type { ParameterSlot, Planner, RandomStream } from "./planner.ts";
import type { Slot } from "./slot.ts";

/** What a decoder attends to: the encoder's outputs `[S, B, width]`. Who reads them adds to their gradient. */
export interface Source {
  /** Elements of a row. */
  readonly width: number;
  /** The rows. */
  readonly value: Slot;
  /** Their gradient; none when not training. */
  readonly gradient?: Slot;
  /** Those who read it say so here: they have something to do before and after all steps of the decoder. */
  readonly readers: unknown[];
}

/** The planner in the name scope of one layer: the scope completes the layer's names, and finds its parameters. */
export class Scope {
  readonly #planner: Planner;
  readonly #prefix: string;
  readonly #suffix: string;
  readonly #parameters: ReadonlyMap<string, ParameterSlot>;
  readonly #decoder: { readonly source?: Source } | undefined;

  /**
   * The session makes the scope of a net.
   *
   * @param parameters All parameters of the net, by full name.
   * @param prefix Text before every name of this scope.
   * @param suffix Text behind every name of this scope.
   * @param decoder Set in the scope of a decoder, with the source that the decoder attends to.
   */
  constructor(
    planner: Planner,
    parameters: ReadonlyMap<string, ParameterSlot>,
    prefix = "",
    suffix = "",
    decoder?: { readonly source?: Source },
  ) {
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
    return this.#decoder ? this.#planner.decoderSteps : this.#planner.steps;
  }

  /** Whether backward will run. */
  get train(): boolean {
    return this.#planner.train;
  }

  /** The scope of a part of the layer: `prefix` comes before its names, `suffix` behind. */
  within(prefix: string, suffix = ""): Scope {
    return new Scope(this.#planner, this.#parameters, this.#prefix + prefix, suffix + this.#suffix, this.#decoder);
  }

  /** The scope of a decoder, which has its own number of steps. */
  decoder(prefix: string, source?: Source): Scope {
    return new Scope(this.#planner, this.#parameters, this.#prefix + prefix, this.#suffix, { source });
  }

  /**
   * What the decoder that this belongs to attends to, and its largest S.
   *
   * @throws {ShapeError} When there is nothing. `who` cannot do without.
   */
  requireSource(who: string): Source & { readonly steps: number } {
    const source = this.#decoder?.source;
    if (source) {
      this.#planner.attends = true;
      return { ...source, steps: this.#planner.steps };
    }
    const wanted = "the decoder of an encoder that gives values for each step";
    throw new ShapeError(`Cannot plan ${who}: it must be in ${wanted}, got ${this.#decoder ? "another one" : "none"}`);
  }

  /** `[T, B, S]` weights of attention, which a session can read. */
  attention(name: string, steps: number): Slot {
    return this.#planner.attention(this.name(name), this.steps * this.batch, steps);
  }

  /** The full name, in the whole net, of the layer's `name`. */
  name(name: string): string {
    return this.#prefix + name + this.#suffix;
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

  /**
   * Gradients of output states 0 to T: two blocks, which the steps take in turn, or all where the planner keeps them.
   */
  outputGradients(name: string, columns: number): Slot {
    const { flows } = this.#planner;
    if (!flows) return this.turns(name, columns);
    const gradient = this.states(name, columns, true);
    flows.push({ prefix: this.#prefix, suffix: this.#suffix, gradient, decoder: this.#decoder !== undefined });
    return gradient;
  }

  /** See Planner.constant. */
  constant(name: string, numbers: readonly number[]): Slot {
    return this.#planner.constant(this.name(name), numbers);
  }

  /** See Planner.random. */
  random(): RandomStream {
    return this.#planner.random();
  }

  /** See Planner.reverse. */
  reverse(): Slot {
    this.requireWhole("a bidirectional net");
    return this.#planner.reverse();
  }

  /** See Planner.requireWhole. */
  requireWhole(who: string): void {
    if (this.#decoder) throw new ShapeError(`Cannot plan ${who} in a decoder, which goes step by step`);
    this.#planner.requireWhole(who);
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
