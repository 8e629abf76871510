import type { CompiledNet } from "../../runtime/compiled_net.ts";
import type { Layer } from "../../layers/layer.ts";
import { turn } from "../../runtime/event_loop.ts";
import { Pace } from "../../runtime/pace.ts";
import type { States } from "../../runtime/packed_batch.ts";
import type { SessionSize } from "./net_pool.ts";
import { padded } from "./sequences.ts";

/** Rows times time steps that a net takes at once when sequences run in pieces. */
export const PIECE = 512;
/** The most rows times time steps of a batch of whole sequences, if a sequence is not longer itself. */
const WHOLE = 2 ** 14;
/** The most multiply-adds of such a batch: 10 to 25 ms, in which the event loop gets no turn. */
const WORK = 2 ** 28;
/** The most rows of a batch. */
export const MOST_ROWS = 32;

/** The size of the net for `count` sequences of at most `longest` steps: whole ones, or ones that run in pieces. */
export function sizeFor(count: number, longest: number, layer: Layer): SessionSize {
  const rows = Math.min(roundUp(count), MOST_ROWS);
  if (!layer.wholeSequence) return { batch: rows, steps: Math.min(roundUp(longest), PIECE / rows) };
  const batch = wholeRows(layer, longest, rows);
  return { batch, steps: batch === 1 ? longest : roundUp(longest) };
}

/** The rows of a batch of whole sequences of `longest` steps, at most so many. */
export function wholeRows({ parameters }: Layer, longest: number, most: number): number {
  let work = 1; // Multiply-adds of a time step: an embedding has none.
  for (const [name, { shape }] of Object.entries(parameters)) {
    if (shape.length > 1 && !name.includes("embedding")) work += shape.reduce((product, n) => product * n);
  }
  return Math.max(1, Math.min(most, Math.floor(Math.min(WHOLE, WORK / work) / longest)));
}

/** The next power of two: calls of similar sizes share a net. */
function roundUp(n: number): number {
  let power = 1;
  while (power < n) power *= 2;
  return power;
}

/** Options of `runInPieces`. */
export interface PiecesOptions {
  /** Elements of a time step. */
  readonly columns: number;
  /** The first states of sequences of these lengths. Default: zeros. */
  readonly first: (lengths: readonly number[]) => States | "zero";
  /** Run one piece: the outputs `[T, B, width]`; `[B, width]` of a net with one row a sequence. */
  readonly run: (net: CompiledNet, x: Float64Array, call: PieceCall) => Float32Array;
  /** Ends the run between two pieces, with the signal's reason as the error. */
  readonly signal?: AbortSignal;
}

/** The options of the call for a piece. */
export interface PieceCall {
  readonly batch: number;
  readonly lengths: Int32Array;
  readonly states: States | "zero";
}

/**
 * Run a batch of sequences, piece by piece with carried states: the bits are those of the whole sequences. A row whose
 * sequence has ended leaves the batch. A net that must see sequences whole gets them whole.
 *
 * @returns The outputs of each sequence, `[T, width]`; `[width]` of a net with one row a sequence.
 */
export async function runInPieces(
  net: CompiledNet,
  sequences: readonly ArrayLike<number>[],
  { columns, first, run, signal }: PiecesOptions,
): Promise<Float32Array[]> {
  const { layer: { output: { steps: outputSteps, width } }, wholeSequence } = net.runner.plan;
  const isEachStep = outputSteps !== "one";
  const lengthOf = (row: number) => sequences[row].length / columns;
  const rows = sequences.map((_, row) => row).sort((a, b) => sequences[b].length - sequences[a].length);
  const lengths = rows.map(lengthOf);
  const outputs = sequences.map((_, row) => new Float32Array((isEachStep ? lengthOf(row) : 1) * width));
  const [longest] = lengths;
  const pace = new Pace(wholeSequence ? longest : net.steps, wholeSequence ? 1 : parametersOf(net) * rows.length);
  let states = first(lengths);
  for (let offset = 0; offset < longest;) {
    await turn();
    signal?.throwIfAborted();
    const B = lengths.filter((length) => length > offset).length;
    const active = rows.slice(0, B);
    offset += pace.run(longest - offset, (steps) => {
      const parts = active.map((row) => part(sequences[row], offset * columns, (offset + steps) * columns));
      const { x, lengths: partLengths } = padded(parts, columns);
      const found = run(net, x, { batch: B, lengths: partLengths, states: firstRows(states, lengths.length, B) });
      partLengths.forEach((T, b) => {
        const output = outputs[active[b]];
        if (!isEachStep) return output.set(found.subarray(b * width, (b + 1) * width)); // The last piece's stays.
        for (let t = 0; t < T; t++) {
          output.set(found.subarray((t * B + b) * width, (t * B + b + 1) * width), (offset + t) * width);
        }
      });
      if (offset + steps < longest) states = net.states();
      return steps;
    });
    lengths.length = B;
  }
  return outputs;
}

/** Elements `from` to `to` of a sequence, without a copy where the engine has views. */
function part(sequence: ArrayLike<number>, from: number, to: number): ArrayLike<number> {
  const end = Math.min(to, sequence.length);
  if (sequence instanceof Int32Array || sequence instanceof Float32Array) return sequence.subarray(from, end);
  return Array.from({ length: end - from }, (_, i) => sequence[from + i]);
}

/** The first B of so many rows of states. */
function firstRows(states: States | "zero", rows: number, B: number): States | "zero" {
  if (states === "zero" || rows === B) return states;
  const cut = ([name, state]: [string, Float32Array]) => [name, state.subarray(0, state.length / rows * B)] as const;
  return Object.fromEntries(Object.entries(states).map(cut));
}

/** Number of parameters: about the multiply-adds of a time step of one row. */
export function parametersOf({ runner: { plan } }: CompiledNet): number {
  return plan.planner.elements;
}
