import { badSafetensors } from "./bad_safetensors.ts";
import { charLm } from "./char_lm.ts";
import { clipGradNorm } from "./clip_grad_norm.ts";
import { clipGradValue } from "./clip_grad_value.ts";
import { crossEntropyLoss } from "./cross_entropy.ts";
import { ctcLoss } from "./ctc_loss.ts";
import { edgeSafetensors } from "./edge_safetensors.ts";
import { encoderAndDecoder } from "./encoder_decoder.ts";
import { elementLoss } from "./element_loss.ts";
import { graphs } from "./graph.ts";
import type { Kind } from "./kind.ts";
import { onnxModel } from "./onnx_model.ts";
import { rnnLayer } from "./rnn_layer.ts";
import { training } from "./training.ts";

/** All kinds of cases that can be run. */
export const KINDS: Readonly<Record<string, Kind>> = {
  rnn_layer: rnnLayer,
  training,
  cross_entropy: crossEntropyLoss,
  ctc_loss: ctcLoss,
  element_loss: elementLoss,
  clip_grad_norm: clipGradNorm,
  clip_grad_value: clipGradValue,
  bad_safetensors: badSafetensors,
  edge_safetensors: edgeSafetensors,
  char_lm: charLm,
  encoder_decoder: encoderAndDecoder,
  graph: graphs,
  onnx_node: onnxModel,
  onnx_export: onnxModel,
};
