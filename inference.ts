/**
 * Nets that were trained before, to be run alone: `load` in the place of `compile`, and about half of the bytes of
 * the main entry, for pages that are to start fast. All else is as there, types are imported from there.
 *
 * @example Read a file, run a sequence step by step
 * ```ts
 * import { compile, gru, recurrent, writeSafetensors } from "@unroll/rnn";
 * import * as inference from "@unroll/rnn/inference";
 * import { assertEquals } from "@std/assert";
 *
 * const trained = await compile(recurrent(gru(), { input: 2, hidden: 4 }), { batch: 1, steps: 1 });
 *
 * const net = inference.recurrent(inference.gru(), { input: 2, hidden: 4 });
 * const loaded = await inference.load(net, trained.parameters(), { batch: 1, steps: 1 });
 * const stream = loaded.stream(), x = [0.5, -0.5];
 * assertEquals(stream.step(x), trained.forward(x)); // h, [B = 1, 4]
 * trained.dispose();
 * loaded.dispose();
 * ```
 *
 * @module
 */
// First in a bundle, the packed kernels do not lie within a block of gzip that has code too: up to 3 % less.
import "./src/kernels/generated/inference.ts";
export { elman } from "./src/cells/elman.ts";
export { gru } from "./src/cells/gru.ts";
export { lstm } from "./src/cells/lstm.ts";
export { notesGru } from "./src/cells/notes_gru.ts";
export { notesLstm } from "./src/cells/notes_lstm.ts";
export { DisposedError, EngineError, FormatError, OptionError, PlanError, ShapeError } from "./src/errors.ts";
export { readSafetensors } from "./src/formats/safetensors.ts";
export { activation } from "./src/layers/activation.ts";
export { attentionPool } from "./src/layers/attention_pool.ts";
export { dense } from "./src/layers/dense.ts";
export { dropout } from "./src/layers/dropout.ts";
export { embedding, oneHot } from "./src/layers/embedding.ts";
export { layerNorm } from "./src/layers/layer_norm.ts";
export { pool } from "./src/layers/pool.ts";
export { recurrent } from "./src/layers/recurrent.ts";
export { residual } from "./src/layers/residual.ts";
export { sequential } from "./src/layers/sequential.ts";
export { stacked } from "./src/layers/stacked.ts";
export { load, type LoadedOptions } from "./src/runtime/load.ts";
export type { CompiledNet } from "./src/runtime/compiled_net.ts";
export type { LoadedNet } from "./src/runtime/load.ts";
export { nonlinearity } from "./src/ops/activation.ts";
export { Step } from "./src/ops/step.ts";
export { Generator } from "./src/random/generator.ts";
export { mostProbable, sample } from "./src/text/sampling.ts";
export { Vocabulary } from "./src/text/vocabulary.ts";
export type { Resource } from "./src/resource.ts";
