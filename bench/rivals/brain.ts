/** brain.js: its LSTM, in which the cell state is not separate, one sequence at a time. Weights of its own. */
import brain from "brain.js";
import { Missing, serve, type Work } from "./contender.ts";
import { tokens, transpose } from "./numbers.ts";
import type { Row } from "./rows.ts";

/** What its declarations leave out. */
interface Lstm {
  initialize(): void;
  trainPattern(tokens: number[]): void;
  bindEquation(): void;
  model: { equations: { runIndex(token: number): void }[] };
}
const Lstm = brain.recurrent.LSTM as unknown as new (options: Record<string, unknown>) => Lstm;

const OWN_NET = "its LSTM has no separate cell state, so results differ";

function train(row: Row): Work {
  const { B, T, V, H, layers, embedding } = row;
  if (embedding) throw new Missing("an embedding whose width is not the vocabulary's");
  const net = new Lstm({ inputSize: V, inputRange: V, outputSize: V, hiddenLayers: Array(layers).fill(H) });
  net.initialize();
  const text = Array.from(transpose(tokens(row).x, T, B));
  const sequences = Array.from({ length: B }, (_, b) => text.slice(b * T, (b + 1) * T));
  const run = () => sequences.forEach((sequence) => net.trainPattern(sequence));
  return { run, outcome: () => [], note: `no batches: ${B} updates, one a sequence; ${OWN_NET}` };
}

/** The equations of successive steps hand their states on; a ring of them is a stream. */
function stream({ I, H, layers }: Row): Work {
  const net = new Lstm({ inputSize: I, inputRange: 1, outputSize: 1, hiddenLayers: Array(layers).fill(H) });
  net.initialize();
  for (let t = 0; t < 50; t++) net.bindEquation();
  let t = 0;
  const run = () => void net.model.equations[t++ % 50].runIndex(0);
  return { run, outcome: () => [], note: OWN_NET };
}

await serve((row) => {
  if (row.task === "train") return train(row);
  if (row.task === "stream") return stream(row);
  throw new Missing("layers without a vocabulary, batches");
});
