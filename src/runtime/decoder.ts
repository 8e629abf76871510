import { OptionError, ShapeError } from "../errors.ts";
import { requireKnown } from "../options.ts";
import type { PlannedDecoder } from "../layers/layer.ts";
import type { TensorSpec } from "../ops/value.ts";
import type { CompiledNet } from "./compiled_net.ts";
import type { CallOptions, PackedBatch, States } from "./packed_batch.ts";
import type { Runner } from "./runner.ts";
import type { TensorCopy } from "./state_dict.ts";
import { selectRows } from "./stream.ts";

const DECODE = { batch: true, lengths: true };

/**
 * The decoder of a net, run one step at a time on sequences that the encoder has read. In the exact build its outputs
 * have the bits of the whole sequence at once. `decode` makes decoders.
 *
 * A decoder with attention reads the encoder's outputs in the session's memory. Such a decoder ends with the next other
 * call of the session, and with the next change of the parameters.
 */
export class Decoder {
  readonly #runner: Runner;
  readonly #batch: PackedBatch;
  readonly #decoder: PlannedDecoder;
  readonly #states: States;
  #version: number;

  /** `decode` makes decoders. */
  constructor(runner: Runner, x: ArrayLike<number>, { batch: B, lengths }: Pick<CallOptions, "batch" | "lengths">) {
    const { io, plan: { layer: { decoder }, decoderInput, options } } = runner;
    if (!decoder) throw new OptionError("Cannot decode: the net has no decoder");
    const firstRows = Array.from({ length: (B ?? options.batch) * rowElements(decoderInput!) }, () => 0);
    const { batch, x: tokens } = runner.check(x, { batch: B, lengths, decoderInput: firstRows }, false);
    const k = runner.startApart(batch);
    io.writeInput(tokens, batch);
    io.writeStates(k, batch, "zero", undefined);
    decoder.encode(k, batch);
    this.#runner = runner;
    this.#decoder = decoder;
    this.#batch = batch.decoder!;
    this.#version = runner.version;
    this.#states = io.firstStates(this.#batch, decoder.states);
  }

  /** Rows B. */
  get batch(): number {
    return this.#batch.B;
  }

  /**
   * One step.
   *
   * @param x B tokens, or B rows of values.
   * @param output Receives the outputs. Default: a new array.
   * @returns The outputs `[B, output]`.
   * @throws {ShapeError} When x is not one step of B rows, or `output` has another size.
   * @throws {OptionError} When another call has used the session's memory since the last step.
   */
  step(x: ArrayLike<number>, output?: Float32Array): Float32Array {
    const runner = this.#requireMemory();
    const { io, plan: { layer, decoderInput } } = runner;
    const batch = this.#batch;
    const columns = rowElements(decoderInput!);
    const size = batch.B * layer.output.width;
    if (x.length !== batch.B * columns) {
      const expected = `one step of ${batch.B} rows of ${columns}`;
      throw new ShapeError(`Cannot run a step: "x" must be ${expected}, got ${x.length} elements`);
    }
    if (output && output.length !== size) {
      throw new ShapeError(`Cannot run a step: "output" must have ${size} elements, got ${output.length}`);
    }
    io.staging.begin();
    const tokens = io.stageTokens("x", x, decoderInput!, batch);
    const k = runner.startApart(batch);
    io.writeDecoderInput(tokens, batch);
    io.writeStates(k, batch, this.#states, undefined, this.#decoder.states);
    this.#decoder.decode(k, batch);
    this.#version = runner.version;
    io.lastStates(batch, this.#states, this.#decoder.states);
    return io.readOutput(batch, output);
  }

  /**
   * The attention weights of the last step, by the name of the weights: `[1, B, S]` each (batch-first: `[B, 1, S]`).
   * See the function `attention`.
   *
   * @throws {OptionError} When another call has used the session's memory since the last step.
   */
  attention(): Map<string, TensorCopy> {
    return readAttention(this.#requireMemory(), this.#batch);
  }

  /**
   * Give each row the states of another one, as a beam search does with its hypotheses: row b continues from row
   * `rows[b]`. A row keeps the source that it attends to, so both rows must have the same source.
   *
   * @throws {ShapeError} When there are not B rows.
   * @throws {OptionError} When a row is not an integer from 0 to B - 1.
   */
  select(rows: ArrayLike<number>): void {
    selectRows(this.#states, rows, this.#batch.B);
  }

  /** The runner, if its memory still has what the decoder attends to. */
  #requireMemory(): Runner {
    const runner = this.#runner;
    runner.requireOpen();
    if (runner.version === this.#version || !runner.plan.needs.attention.length) return runner;
    throw new OptionError(
      "Cannot go on decoding: another call has used the session's memory, or changed its parameters, since",
    );
  }
}

/**
 * Run the encoder of a net on x; the decoder then writes one step at a time.
 *
 * @param x Tokens `[S, B]` or values `[S, B, width]`.
 * @throws {OptionError} When the net has no decoder.
 *
 * @example
 * ```ts
 * import { compile, dense, embedding, gru, mostProbable, recurrent, sequential } from "@unroll/rnn";
 * import { decode, encoderDecoder } from "@unroll/rnn/models";
 * import { assertEquals } from "@std/assert";
 *
 * const rnn = () => recurrent(gru(), { input: 4, hidden: 8 });
 * const net = encoderDecoder({
 *   encoder: sequential({ embedding: embedding(10, 4), rnn: rnn() }),
 *   decoder: sequential({ embedding: embedding(5, 4), rnn: rnn(), output: dense(8, 5) }),
 * });
 * const session = await compile(net, { batch: 1, steps: 6 });
 * const decoder = decode(session, [3, 1, 4, 1, 5]), written: number[] = [], begin = 0;
 * for (let token = begin; written.length < 3; written.push(token)) token = mostProbable(decoder.step([token]));
 * assertEquals(written.length, 3);
 * session.dispose();
 * ```
 */
export function decode(
  net: CompiledNet,
  x: ArrayLike<number>,
  options: Pick<CallOptions, "batch" | "lengths"> = {},
): Decoder {
  requireKnown("decode", DECODE, options);
  return new Decoder(net.runner, x, options);
}

/**
 * The attention weights of the last call of a net with a decoder, by the name of the weights
 * (`decoder.attention.attention`): `[T, B, S]` (batch-first: `[B, T, S]`). At each step the weights are a distribution
 * over the S steps of x, zero behind a row's length.
 *
 * @throws {OptionError} When there was no call, or the net has no decoder.
 */
export function attention(net: CompiledNet): Map<string, TensorCopy> {
  net.runner.requireOpen();
  const { decoder } = net.runner.requireOutputs("attention");
  if (decoder) return readAttention(net.runner, decoder);
  throw new OptionError("Cannot read attention: the net has no decoder");
}

/** The attention weights of a batch of the decoder. */
function readAttention({ io, plan: { needs, options } }: Runner, batch: PackedBatch): Map<string, TensorCopy> {
  const { T, B, source } = batch;
  const S = source!.T;
  const shape = options.batchFirst ? [B, T, S] : [T, B, S];
  return new Map(
    needs.attention.map(({ weights }) => [weights.name, { shape, data: io.read(weights.slice(0, S), batch) }]),
  );
}

/** Elements of one row of an input. */
function rowElements({ kind, width }: TensorSpec): number {
  return kind === "values" ? width : 1;
}
