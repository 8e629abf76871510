/**
 * Layers beside those of the main entry: pooling, attention over a sequence, layer normalisation, residual connections,
 * activations.
 *
 * @module
 */
export { activation } from "./src/layers/activation.ts";
export { attentionPool, type AttentionPoolOptions } from "./src/layers/attention_pool.ts";
export { layerNorm, type LayerNormOptions } from "./src/layers/layer_norm.ts";
export { pool } from "./src/layers/pool.ts";
export { residual } from "./src/layers/residual.ts";
