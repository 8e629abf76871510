import { OptionError } from "../errors.ts";
import type { States } from "../runtime/packed_batch.ts";
import { EventLoop } from "../runtime/event_loop.ts";
import type { Session } from "../session/session.ts";

/**
 * The states after each token, `[T, H]` by name. Between two tokens the session may change, when a training begins, or
 * make a step of one.
 */
export async function textStates(
  session: () => Session,
  tokens: Int32Array,
  signal?: AbortSignal,
): Promise<Map<string, Float32Array<ArrayBuffer>>> {
  const T = tokens.length, sequences = new Map<string, Float32Array<ArrayBuffer>>();
  if (T === 0) throw new OptionError('Cannot read states: "text" must not be empty, got ""');
  let states: States | "zero" = "zero";
  using loop = new EventLoop();
  for (let t = 0; t < T; t++) {
    await loop.turn();
    signal?.throwIfAborted();
    session().forward(tokens.subarray(t, t + 1), { batch: 1, states });
    states = session().states();
    for (const [name, state] of Object.entries(states)) {
      let sequence = sequences.get(name);
      if (!sequence) sequences.set(name, sequence = new Float32Array(T * state.length));
      sequence.set(state, t * state.length);
    }
  }
  return sequences;
}
