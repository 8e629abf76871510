import { OptionError, ShapeError } from "../errors.ts";
import type { PlannedDecoder } from "../layers/layer.ts";
import type { TensorSpec } from "../ops/value.ts";
import type { CallOptions, PackedBatch, States } from "./packed_batch.ts";
import { type CompiledNet, passesOf } from "./compiled_net.ts";
import type { Runner } from "./runner.ts";
import { selectRows } from "./stream.ts";
import type { TensorCopy } from "./state_dict.ts";

/**
 * A net's decoder, run one step at a time on sequences that its encoder has read: the bits of a whole sequence at once in the
 * exact build. Made by `decode`. One that attends to what the encoder has left in the session's memory ends with the next other
 * call of the session, or change of its parameters.
 */
export class Decoder {
  readonly #passes: Runner;
  readonly #call: PackedBatch;
  readonly #decoder: PlannedDecoder;
  readonly #states: States;
  #uses: number;

  /** Decoders are made by `decode`. */
  constructor(passes: Runner, x: ArrayLike<number>, { batch, lengths }: Pick<CallOptions, "batch" | "lengths">) {
    const { io: border, plan: { layer: { decoder }, decoderInput, options } } = passes;
    if (!decoder) throw new OptionError("Cannot decode: the net has no decoder");
    const rows = Array.from({ length: (batch ?? options.batch) * columnsOf(decoderInput!) }, () => 0);
    const call = passes.check(x, { batch, lengths, decoderInput: rows }, false);
    passes.runApart(call, (k) => {
      border.writeInput(x, call);
      border.writeStates(k, call, "zero", undefined);
      decoder.encode(k, call);
    });
    this.#passes = passes;
    this.#decoder = decoder;
    this.#call = call.decoder!;
    this.#uses = passes.uses;
    this.#states = border.firstStates(this.#call, decoder.states);
  }

  /** Rows B. */
  get batch(): number {
    return this.#call.B;
  }

  /**
   * One step: x is B tokens or B rows of values; returns `[B, output]`, in `output` if given.
   *
   * @throws {OptionError} When another call has used the session's memory since.
   */
  step(x: ArrayLike<number>, output?: Float32Array): Float32Array {
    const passes = this.#held(), { io: border, plan: { layer, decoderInput } } = passes, call = this.#call;
    const columns = columnsOf(decoderInput!), size = call.B * layer.output.width;
    if (x.length !== call.B * columns) {
      const expected = `one step of ${call.B} rows of ${columns}`;
      throw new ShapeError(`Cannot run a step: "x" must be ${expected}, got ${x.length} elements`);
    }
    if (output && output.length !== size) {
      throw new ShapeError(`Cannot run a step: "output" must have ${size} elements, got ${output.length}`);
    }
    border.checkTokens("x", x, decoderInput!, call);
    passes.runApart(call, (k) => {
      border.writeDecoderInput(x, call);
      border.writeStates(k, call, this.#states, undefined, this.#decoder.states);
      this.#decoder.decode(k, call);
    });
    this.#uses = passes.uses;
    border.lastStates(call, this.#states, this.#decoder.states);
    return border.readOutput(call, output);
  }

  /** Where the last step looked, by the name of the weights: `[1, B, S]` each (batch-first: `[B, 1, S]`). See `attention`. */
  attention(): Map<string, TensorCopy> {
    return readAttention(this.#held(), this.#call);
  }

  /**
   * Row b goes on from the states of row `rows[b]`, as in a beam search. What a row attends to stays its own, so the two
   * must be rows of one source.
   *
   * @throws {ShapeError} When there are not B of them.
   * @throws {OptionError} When one is not an integer from 0 to B - 1.
   */
  select(rows: ArrayLike<number>): void {
    selectRows(this.#states, rows, this.#call.B);
  }

  #held(): Runner {
    void this.#passes.kernels;
    if (this.#passes.uses === this.#uses || !this.#passes.plan.planner.attends) return this.#passes;
    throw new OptionError(
      "Cannot go on decoding: another call has used the session's memory, or changed its parameters, since",
    );
  }
}

/**
 * Run the encoder of a net with a decoder on x, tokens `[S, B]` or values `[S, B, width]`, to have the decoder write one step at a
 * time.
 *
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
 * using session = await compile(net, { batch: 1, steps: 6 });
 * const decoder = decode(session, [3, 1, 4, 1, 5]), written: number[] = [], begin = 0;
 * for (let token = begin; written.length < 3; written.push(token)) token = mostProbable(decoder.step([token]));
 * assertEquals(written.length, 3);
 * ```
 */
export function decode(
  net: CompiledNet,
  x: ArrayLike<number>,
  options: Pick<CallOptions, "batch" | "lengths"> = {},
): Decoder {
  return new Decoder(passesOf(net), x, options);
}

/**
 * Where a net's decoder looked in the session's last call, by the name of the weights (`decoder.attention.attention`):
 * `[T, B, S]` (batch-first: `[B, T, S]`), at each step a distribution over the S steps of x, zero behind a row's length.
 *
 * @throws {OptionError} When there was no call, or the net has no decoder.
 */
export function attention(net: CompiledNet): Map<string, TensorCopy> {
  const passes = passesOf(net);
  void passes.kernels;
  const { decoder } = passes.heldCall("attention");
  if (decoder) return readAttention(passes, decoder);
  throw new OptionError("Cannot read attention: the net has no decoder");
}

/** Of a call as the decoder sees it. */
function readAttention({ io: border, plan: { planner, options } }: Runner, call: PackedBatch): Map<string, TensorCopy> {
  const { T, B, source } = call, S = source!.T, shape = options.batchFirst ? [B, T, S] : [T, B, S];
  return new Map(planner.attentions.map((slot) => [slot.name, { shape, data: border.read(slot.slice(0, S), call) }]));
}

/** Elements of a row outside. */
function columnsOf({ kind, width }: TensorSpec): number {
  return kind === "values" ? width : 1;
}
