import { OptionError } from "../errors.ts";
import type { CompiledNet } from "../runtime/compiled_net.ts";
import { turn } from "../runtime/event_loop.ts";
import { Pace } from "../runtime/pace.ts";
import type { States } from "../runtime/packed_batch.ts";
import type { Prompt } from "./prompt.ts";

/**
 * A text that a net reads in pieces. The states are kept here between two pieces: other callers use the net in between,
 * and `current` may then give another net with the same layers, or the same net with other parameters.
 */
export class TextReader {
  readonly #current: () => CompiledNet;
  #pace: Pace | undefined;
  /** The states after the last token, `[H]` by name. */
  states: States | "zero";

  constructor(current: () => CompiledNet, states: States | "zero" = "zero") {
    this.#current = current;
    this.states = states;
  }

  /** Read some tokens, from `from` on and before `to`, as many as take a short time. Returns how many. */
  skip(tokens: ArrayLike<number>, from: number, to: number): number {
    const net = this.#current();
    this.#pace ??= new Pace(net.steps, net.runner.plan.planner.elements);
    return this.#pace.run(to - from, (steps) => {
      net.forward(Array.from({ length: steps }, (_, i) => tokens[from + i]), { batch: 1, states: this.states });
      this.states = net.states();
      return steps;
    });
  }

  /** Read a token. Returns the logits of the next one; with a temperature above 0, its probabilities. */
  read(token: number, temperature = 0): Float32Array {
    const net = this.#current();
    const { states } = this;
    const outputs = temperature === 0
      ? net.forward([token], { batch: 1, states })
      : net.probabilities([token], { batch: 1, states, temperature });
    this.states = net.states();
    return outputs;
  }
}

/** Read all tokens of a prompt but the last. Returns what has read them. */
export async function readBeforeLast(
  current: () => CompiledNet,
  { ids, read, states }: Prompt,
  signal?: AbortSignal,
): Promise<TextReader> {
  const reader = new TextReader(current, states), last = ids.length - 1;
  for (let i = read; i < last; i += reader.skip(ids, i, last)) {
    await turn();
    signal?.throwIfAborted();
  }
  return reader;
}

/**
 * The states after each token of a text, `[T, H]` by name. Between two tokens `current` may give another net, and the
 * parameters may change, when a training runs.
 *
 * @throws {OptionError} When there are no tokens.
 */
export async function textStates(
  current: () => CompiledNet,
  tokens: Int32Array,
  signal?: AbortSignal,
): Promise<Map<string, Float32Array<ArrayBuffer>>> {
  const T = tokens.length;
  const sequences = new Map<string, Float32Array<ArrayBuffer>>();
  if (T === 0) throw new OptionError('Cannot read states: "text" must not be empty, got ""');
  const reader = new TextReader(current);
  for (let t = 0; t < T; t++) {
    await turn();
    signal?.throwIfAborted();
    reader.read(tokens[t]);
    for (const [name, state] of Object.entries(reader.states as States)) {
      let sequence = sequences.get(name);
      if (!sequence) sequences.set(name, sequence = new Float32Array(T * state.length));
      sequence.set(state, t * state.length);
    }
  }
  return sequences;
}
