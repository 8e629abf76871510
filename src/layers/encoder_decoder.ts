import { ShapeError } from "../errors.ts";
import { readOptions, REQUIRED, type Table } from "../options.ts";
import type { Kernels } from "../kernels/kernels.ts";
import { noSource } from "../memory/scope.ts";
import { requireSourceWidth } from "../ops/attention.ts";
import { joinNeeds, type Needs } from "../ops/needs.ts";
import type { BatchShape, TensorSpec } from "../ops/value.ts";
import { bridge, type BridgeKind, bridgeParameters, planBridge, type PlannedBridge } from "./bridge.ts";
import { type Layer, layer, type LayerPart, type PlannedDecoder, type PlannedLayer } from "./layer.ts";
import { joinDeclarations } from "./declarations.ts";

/** Options of `encoderDecoder`. */
export interface EncoderDecoderOptions {
  /** Reads the source. Attention in the decoder reads the encoder's outputs. */
  readonly encoder: Layer;
  /** Reads the tokens written so far, and gives the output of the net. */
  readonly decoder: Layer;
  /**
   * How the decoder's first states follow from the encoder's last states, layer by layer, the two directions of a layer
   * side by side. `"copy"`: the same numbers, of equal widths. `"dense"`: s = tanh(W [s1, s2] + b), with parameters
   * `bridge.rnn.h_l0.weight` and `bias` for the decoder's state `rnn.h_l0` (Bahdanau et al. 2014, A.2.2). `"none"`:
   * zeros. Default: `"copy"` where the widths are equal, else `"dense"`.
   */
  readonly bridge?: BridgeKind;
}

const ENCODER_DECODER = {
  encoder: [layer, REQUIRED],
  decoder: [layer, REQUIRED],
  bridge: [["copy", "dense", "none"]],
} satisfies Table<EncoderDecoderOptions>;

/**
 * A net of two layers. An encoder reads a sequence, the source. A decoder starts from the encoder's last states and
 * writes another sequence, with a different number of steps (Sutskever, Vinyals & Le 2014; Cho et al. 2014). The
 * lecture notes call this "many to many of different lengths".
 *
 * A call has two inputs. The encoder reads x, `[S, B]` or `[S, B, width]`, with the `lengths` of the rows. The
 * decoder reads `decoderInput`, `[T, B]` or `[T, B, width]`: in training a token that means "begin", then the targets
 * without the last one ("teacher forcing"). Outputs and targets have the decoder's T. All rows of the decoder run all
 * T steps. Steps after the end of a target are padding: give them the weight 0, or a target that the loss ignores.
 * Carried states, streams and recomputation are refused. `decode` runs the decoder step by step.
 *
 * With a layer `luong` or a cell `bahdanau`, the decoder reads the encoder's outputs at each step, and
 * `attention(session)` gives the weights. Without attention, the decoder knows the source by its first states only.
 *
 * Names of parameters and states start with `encoder.` and `decoder.`. The states of a call are the encoder's.
 *
 * @throws {ShapeError} When the decoder does not give one row of values for each step, the states do not fit, or the
 * decoder is bidirectional or otherwise reads whole sequences. When the net is planned inside another layer.
 *
 * @example A net that learns to reverse sequences
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
 * const session = await compile(net, { batch: 2, steps: 3, decoderSteps: 4, batchFirst: true, ...learning });
 * const x = [2, 3, 4, 3, 2, 0], lengths = [3, 2]; // [B = 2, S = 3]
 * const decoderInput = [0, 4, 3, 2, 0, 2, 3, 1]; // 0 begins, 1 ends
 * const y = [4, 3, 2, 1, 2, 3, 1, -100];
 * for (let i = 0; i < 100; i++) session.step({ x, y }, { lengths, decoderInput });
 * assert(session.evaluate({ x, y }, { lengths, decoderInput }).loss < 0.1);
 * assertEquals(attention(session).get("decoder.attention.attention")!.shape, [2, 4, 3]); // [B, T, S]
 * session.dispose();
 * ```
 */
export function encoderDecoder(options: EncoderDecoderOptions): Layer {
  const { encoder, decoder, bridge: kind } = readOptions("encoderDecoder", ENCODER_DECODER, options);
  if (decoder.output.steps === "one" || decoder.output.parts || decoder.output.kind !== "values") {
    throw new ShapeError(`Cannot make an encoder-decoder: the decoder must give one row of values for each step`);
  }
  requireFit(encoder, decoder);
  const left = joinDeclarations([["encoder.", encoder]]), right = joinDeclarations([["decoder.", decoder]]);
  const between = bridge(left.states, right.states, kind);
  const bridgeName = !between.states.length ? "none" : between.isDense ? "dense" : "copy";
  return {
    name: ["encoder", encoder.name, bridgeName, "decoder", decoder.name].join(" "),
    input: encoder.input,
    decoderInput: decoder.input,
    output: decoder.output,
    parameters: { ...left.parameters, ...right.parameters, ...bridgeParameters(between, "bridge.") },
    tied: { ...left.tied, ...right.tied },
    states: left.states,
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

/** Whether a decoder can attend to an encoder's outputs: one row of values for each step of one sequence. */
function isSource({ kind, steps, parts }: TensorSpec): boolean {
  return kind === "values" && steps !== "one" && !parts;
}

/** Refuses an encoder and a decoder that do not fit. The bridge checks their states. */
function requireFit(encoder: Layer, decoder: Layer): void {
  if (encoder.decoderInput) throw nested();
  if (encoder.sourceWidths?.length) throw noSource("attention", false);
  if (decoder.wholeSequence) {
    throw new ShapeError(`Cannot plan ${decoder.wholeSequence} in a decoder, which runs step by step`);
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
  const advice = "put layers before it into the encoder, layers after it into the decoder";
  return new ShapeError(`Cannot plan an encoder-decoder inside of another layer: it is a whole net; ${advice}`);
}

/** The needs of encoder and decoder, with the decoder's gradients marked. */
function joinedNeeds(encoder: PlannedLayer, decoder: PlannedLayer): Needs {
  const outputGradients = decoder.needs?.outputGradients?.map((own) => ({ ...own, decoder: true }));
  return joinNeeds(encoder.needs, { ...decoder.needs, outputGradients });
}

/** Encoder, bridge and decoder as one layer. */
function joined(encoder: PlannedLayer, decoder: PlannedLayer, bridge: PlannedBridge): PlannedLayer {
  const parts = (layer: PlannedLayer, name: string) => layer.parts ?? [{ layer: name, name, output: layer.output }];
  const attention = decoder.needs?.attention ?? [];
  /** Zero the gradients that no other layer writes: of the decoder's states, and of the encoder's output. */
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
      attention.forEach((hooks) => hooks.begin(k, shape));
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
      attention.forEach((hooks) => hooks.beginBackward(k));
      decoder.backward(k, shape.decoder!);
      attention.toReversed().forEach((hooks) => hooks.endBackward(k));
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
