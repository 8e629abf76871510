import { OptionError } from "../errors.ts";
import type { CompiledNet } from "../runtime/compiled_net.ts";
import { EventLoop } from "../runtime/event_loop.ts";
import type { CallOptions, States } from "../runtime/packed_batch.ts";

/**
 * The states of a text that a net reads token by token. They are kept here between two calls, because other callers use
 * the net in between, and `current` may give another net with the same layers.
 */
export class CarriedStates {
  readonly #current: () => CompiledNet;
  #states: States | "zero" = "zero";

  constructor(current: () => CompiledNet) {
    this.#current = current;
  }

  /** Read one token by `call`, which gets the net, the token and the options of its call. Returns what `call` returns. */
  run<Result>(token: number, call: (net: CompiledNet, x: number[], options: CallOptions) => Result): Result {
    const net = this.#current();
    const result = call(net, [token], { batch: 1, states: this.#states });
    this.#states = net.states();
    return result;
  }

  /** The states after the last token, `[H]` by name; empty before the first token. */
  get values(): States {
    return this.#states === "zero" ? {} : this.#states;
  }
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
  const states = new CarriedStates(current);
  using loop = new EventLoop();
  for (let t = 0; t < T; t++) {
    await loop.turn();
    signal?.throwIfAborted();
    states.run(tokens[t], (net, x, options) => net.forward(x, options));
    for (const [name, state] of Object.entries(states.values)) {
      let sequence = sequences.get(name);
      if (!sequence) sequences.set(name, sequence = new Float32Array(T * state.length));
      sequence.set(state, t * state.length);
    }
  }
  return sequences;
}
