/**
 * Nets that branch and join, and layers beside those of the main entry: convolutions and pooling over time, joins,
 * attention, normalisation, residual connections, activations.
 *
 * @module
 */
export { activation } from "./src/layers/activation.ts";
export { attentionPool, type AttentionPoolOptions } from "./src/layers/attention_pool.ts";
export { batchNorm, type BatchNormOptions } from "./src/layers/batch_norm.ts";
export { conv1d, type Conv1dOptions } from "./src/layers/conv1d.ts";
export { attention, type AttentionOptions } from "./src/layers/cross_attention.ts";
export { graph, type GraphNode, type GraphOptions, type InputOptions, tokens, values } from "./src/layers/graph.ts";
export { add, average, concat, type Join, multiply, repeat } from "./src/layers/joins.ts";
export { layerNorm, type LayerNormOptions } from "./src/layers/layer_norm.ts";
export { pool } from "./src/layers/pool.ts";
export { flatten, reshape } from "./src/layers/reshape.ts";
export { residual } from "./src/layers/residual.ts";
export { type Named, type NamedSamples, namedSamples, ofOutput } from "./src/trainer/named_samples.ts";
export { averagePool1d, maxPool1d, type Pool1dOptions } from "./src/layers/window_pool.ts";
