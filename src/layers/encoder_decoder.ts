import { requireOneOf, ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import { noSource } from "../memory/scope.ts";
import { requireSourceWidth } from "../ops/attention.ts";
import { joinNeeds, type Needs } from "../ops/needs.ts";
import type { BatchShape, TensorSpec } from "../ops/value.ts";
import { bridge, type BridgeKind, bridgeParameters, planBridge, type PlannedBridge } from "./bridge.ts";
import type { Layer, LayerPart, PlannedDecoder, PlannedLayer } from "./layer.ts";
import { joinDeclarations } from "./declarations.ts";

/** The parts of `encoderDecoder`. */
export interface EncoderDecoderOptions {
  /** Reads the source. What it gives for each step is what attention in the decoder looks at. */
  readonly encoder: Layer;
  /** Reads what it has written so far, and gives the output of the net. */
  readonly decoder: Layer;
  /**
   * How the decoder's first states come from the encoder's last ones, layer by layer, the two directions of a layer side by side.
   * `"copy"`: they are the same numbers, so widths must be equal. `"dense"`: s = tanh(W [s1, s2] + b), with parameters
   * `bridge.rnn.h_l0.weight` and `bias` for the decoder's state `rnn.h_l0` (Bahdanau et al. 2014, A.2.2). `"none"`:
   * they are zeros. Default: `"copy"` where it fits, else `"dense"`.
   */
  readonly bridge?: BridgeKind;
}

/**
 * A net of two: an encoder reads a sequence, the source, from whose last states a decoder goes on to write another one, with
 * steps of its own (Sutskever, Vinyals & Le 2014; Cho et al. 2014). The lecture notes' "many to many of different lengths".
 *
 * A call has two inputs: x `[S, B]` or `[S, B, width]` for the encoder, with the `lengths` of its rows; and `decoderInput` `[T, B]` or
 * `[T, B, width]` for the decoder: to train it, a token that means "begin", then the targets but for the last one ("teacher
 * forcing"). Outputs and targets have the decoder's T. All rows of the decoder go all T steps: what is behind the end of a target is
 * padding, and does not count if its weight is 0, or the loss ignores it. A state that is carried, streams and
 * recomputation make no sense here, and are refused; to run the decoder step by step, there is `decode`.
 *
 * With a layer `luong` or a cell `bahdanau` in it, the decoder looks at the encoder's outputs at each step; where it has looked,
 * `attention(session)` says. Without these, all that it knows of the source are its first states.
 *
 * Parameters and states have `encoder.` and `decoder.` in front of their names; the states of a call are the encoder's.
 *
 * @throws {ShapeError} When a part gives one row for a sequence or two sequences where it may not, or the states do
 * not fit; planned inside another layer; when the decoder is bidirectional, or otherwise sees sequences whole.
 *
 * @example A net that learns to write sequences backwards
 * ```ts
 * import { adam, compile, crossEntropy, dense, embedding, gru, recurrent, sequential } from "@unroll/rnn";
 * import { attention, encoderDecoder, luong } from "@unroll/rnn/models";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const rnn = () => recurrent(gru(), { input: 8, hidden: 16 });
 * const net = encoderDecoder({
 *   encoder: sequential({ embedding: embedding(5, 8), rnn: rnn() }),
 *   decoder: sequential({
 *     embedding: embedding(5, 8),
 *     rnn: rnn(),
 *     attention: luong(16, { source: 16 }),
 *     output: dense(16, 5),
 *   }),
 * });
 * const learning = { loss: crossEntropy(), optimizer: adam({ learningRate: 0.02 }) };
 * using session = await compile(net, { batch: 2, steps: 3, decoderSteps: 4, batchFirst: true, ...learning });
 * const x = [2, 3, 4, 3, 2, 0], lengths = [3, 2]; // [B = 2, S = 3]
 * const decoderInput = [0, 4, 3, 2, 0, 2, 3, 1]; // 0 begins, 1 ends
 * const y = [4, 3, 2, 1, 2, 3, 1, -100];
 * for (let i = 0; i < 100; i++) session.step({ x, y }, { lengths, decoderInput });
 * assert(session.evaluate({ x, y }, { lengths, decoderInput }).loss < 0.1);
 * assertEquals(attention(session).get("decoder.attention.attention")!.shape, [2, 4, 3]); // [B, T, S]
 * ```
 */
export function encoderDecoder({ encoder, decoder, bridge: kind }: EncoderDecoderOptions): Layer {
  if (kind !== undefined) requireOneOf("bridge", kind, ["copy", "dense", "none"]);
  if (decoder.output.steps === "one" || decoder.output.parts || decoder.output.kind !== "values") {
    throw new ShapeError(`Cannot make an encoder-decoder: the decoder must give one row of values for each step`);
  }
  requireParts(encoder, decoder);
  const read = joinDeclarations([["encoder.", encoder]]), written = joinDeclarations([["decoder.", decoder]]);
  const between = bridge(read.states, written.states, kind);
  const isDense = between.isDense ? "dense" : "copy";
  return {
    name: ["encoder", encoder.name, between.strands.length ? isDense : "none", "decoder", decoder.name].join(" "),
    input: encoder.input,
    decoderInput: decoder.input,
    output: decoder.output,
    parameters: { ...read.parameters, ...written.parameters, ...bridgeParameters(between, "bridge.") },
    tied: { ...read.tied, ...written.tied },
    states: read.states,
    wholeSequence: "an encoder-decoder",

    plan(scope, x, decoderInput) {
      if (!decoderInput) throw nested();
      const first = encoder.plan(scope.within("encoder."), x), { width, value, gradient } = first.output;
      const source = isSource(first.output) ? { width, value, gradient } : undefined;
      const second = decoder.plan(scope.decoder("decoder.", source), decoderInput);
      const middle = planBridge(scope.within("bridge."), between, first.states, second.states);
      return joined(first, second, middle);
    },
  };
}

/** Whether a decoder can attend to outputs: whether they are rows of values of one sequence, one for each step. */
function isSource({ kind, steps, parts }: TensorSpec): boolean {
  return kind === "values" && steps !== "one" && !parts;
}

/** Refuses parts that do not fit, apart from their states. */
function requireParts(encoder: Layer, decoder: Layer): void {
  if (encoder.decoderInput) throw nested();
  if (encoder.sourceWidths?.length) throw noSource("attention", false);
  if (decoder.wholeSequence) {
    throw new ShapeError(`Cannot plan ${decoder.wholeSequence} in a decoder, which goes step by step`);
  }
  for (const width of decoder.sourceWidths ?? []) {
    if (!isSource(encoder.output)) throw noSource("attention", true);
    requireSourceWidth(width, encoder.output.width);
  }
  if (decoder.states?.some(({ learned }) => learned)) {
    throw new ShapeError("Cannot plan a decoder with learned first states: they come from the encoder");
  }
}

function nested(): ShapeError {
  const place = "what comes before it belongs into its encoder, what comes behind it into its decoder";
  return new ShapeError(`Cannot plan an encoder-decoder inside of another layer: it is a whole net; ${place}`);
}

/** What the session needs of both parts, with what belongs to the decoder marked. */
function joinedNeeds(encoder: PlannedLayer, decoder: PlannedLayer): Needs {
  const outputGradients = decoder.needs?.outputGradients?.map((own) => ({ ...own, decoder: true }));
  return joinNeeds(encoder.needs, { ...decoder.needs, outputGradients });
}

/** The parts as one layer. */
function joined(encoder: PlannedLayer, decoder: PlannedLayer, bridge: PlannedBridge): PlannedLayer {
  const parts = (layer: PlannedLayer, name: string) => layer.parts ?? [{ layer: name, name, output: layer.output }];
  const readers = decoder.needs?.attention ?? [];
  /** Zero what flows back from nowhere: nothing follows the decoder, and nobody else has written the other gradients. */
  function clearGradients(k: Kernels, { T, B }: BatchShape): void {
    for (const { gradient, width, stride } of decoder.states) {
      k.zero(gradient.first(B), B, width, stride);
      k.zero(gradient.last(), B, width, stride);
    }
    const { gradient, steps, width } = encoder.output;
    if (gradient) k.zero(gradient.address, steps === "one" ? B : T * B, width, gradient.stride);
  }
  const planned: PlannedDecoder = {
    states: decoder.states,
    encode(k, shape) {
      encoder.forward(k, shape);
      for (const { first, width, stride } of decoder.states) k.zero(first(shape.B), shape.B, width, stride);
      bridge.forward(k, shape.B);
      readers.forEach((reader) => reader.begin(k, shape));
    },
    decode: (k, shape) => decoder.forward(k, shape),
  };
  return {
    output: decoder.output,
    parts: [
      ...parts(encoder, "encoder"),
      ...parts(decoder, "decoder").map((part): LayerPart => ({ ...part, decoder: true })),
    ],
    states: encoder.states,
    decoder: planned,
    needs: joinedNeeds(encoder, decoder),

    refresh(k) {
      encoder.refresh(k);
      bridge.refresh(k);
      decoder.refresh(k);
    },

    forward(k, shape) {
      planned.encode(k, shape);
      planned.decode(k, shape.decoder!);
    },

    backward(k, shape) {
      clearGradients(k, shape);
      readers.forEach((reader) => reader.beginBackward(k));
      decoder.backward(k, shape.decoder!);
      readers.toReversed().forEach((reader) => reader.endBackward(k));
      bridge.backward(k, shape.B);
      encoder.backward(k, shape);
    },

    gradients(k, shape) {
      decoder.gradients(k, shape.decoder!);
      bridge.gradients(k, shape.B);
      encoder.gradients(k, shape);
    },
  };
}
