/** brain.js with its own LSTM and its own weights, one sequence at a time. This LSTM has no separate cell state. */
import brain from "brain.js";
import { Missing, serve, type Work } from "./protocol.ts";
import { tokens, transpose } from "./numbers.ts";
import type { Workload } from "./workloads.ts";

/** Members of brain.js that its type declarations lack. */
interface Lstm {
  initialize(): void;
  trainPattern(tokens: number[]): void;
  bindEquation(): void;
  model: { equations: { runIndex(token: number): void }[] };
}
const Lstm = brain.recurrent.LSTM as unknown as new (options: Record<string, unknown>) => Lstm;

const OWN_NET = "its LSTM has no separate cell state, so results differ";

function train(workload: Workload): Work {
  const { B, T, V, H, layers, embedding } = workload;
  if (embedding) throw new Missing("an embedding whose width is not the vocabulary's");
  const net = new Lstm({ inputSize: V, inputRange: V, outputSize: V, hiddenLayers: Array(layers).fill(H) });
  net.initialize();
  const text = Array.from(transpose(tokens(workload).x, T, B));
  const sequences = Array.from({ length: B }, (_, b) => text.slice(b * T, (b + 1) * T));
  const run = () => sequences.forEach((sequence) => net.trainPattern(sequence));
  return { run, outcome: () => [], note: `no batches: ${B} updates, one a sequence; ${OWN_NET}` };
}

/** Each equation passes its state to the equation of the next step, so a ring of equations is a stream. */
function stream({ I, H, layers }: Workload): Work {
  const net = new Lstm({ inputSize: I, inputRange: 1, outputSize: 1, hiddenLayers: Array(layers).fill(H) });
  net.initialize();
  for (let t = 0; t < 50; t++) net.bindEquation();
  let t = 0;
  const run = () => void net.model.equations[t++ % 50].runIndex(0);
  return { run, outcome: () => [], note: OWN_NET };
}

await serve((workload) => {
  if (workload.task === "train") return train(workload);
  if (workload.task === "stream") return stream(workload);
  throw new Missing("layers without a vocabulary, batches");
});
