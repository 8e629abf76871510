/**
 * Recurrent cells of the literature and of the lecture notes, each written as the equations of its step, and
 * `defineCell` for your own.
 *
 * @example
 * ```ts
 * import { recurrent } from "@unroll/rnn";
 * import { defineCell } from "@unroll/rnn/cells";
 * import { assertEquals } from "@std/assert";
 *
 * const leaky = defineCell({
 *   name: "leaky",
 *   gates: ["a"],
 *   states: ["h"],
 *   step: ({ x, W, h }, { tanh }) => ({ h: h.times(0.9).plus(tanh(x.a.plus(W.a(h))).times(0.1)) }),
 * });
 * assertEquals(recurrent(leaky, { input: 5, hidden: 7 }).parameters.weight_hh_l0.shape, [7, 7]);
 * ```
 *
 * @module
 */
export { defineCell, type DefinedCell, savedCells, withText } from "./src/cells/equations/define_cell.ts";
export type {
  CellEquations,
  EquationsCell,
  NormOptions,
  ProductOf,
  StepInputs,
  VectorOptions,
  Vectors,
  WeightOptions,
} from "./src/cells/equations/equations_cell.ts";
export type { Equations, Parts, Product } from "./src/cells/equations/trace.ts";
export { Expression, Graph, type Op, type StepFunctions, type Width } from "./src/cells/equations/expression.ts";
export { type EquationsData, equationsData, type NodeData } from "./src/cells/equations/data.ts";
export { byEquations } from "./src/cells/equations/built_in.ts";
export { readEquations } from "./src/cells/equations/read.ts";
export { indRnn } from "./src/cells/defined/ind_rnn.ts";
export { layerNormGru } from "./src/cells/defined/layer_norm_gru.ts";
export { layerNormLstm } from "./src/cells/defined/layer_norm_lstm.ts";
export { minGru } from "./src/cells/defined/min_gru.ts";
export { minLstm } from "./src/cells/defined/min_lstm.ts";
export { minimalGatedUnit } from "./src/cells/defined/minimal_gated_unit.ts";
export { notesGru } from "./src/cells/notes_gru.ts";
export { notesLstm } from "./src/cells/notes_lstm.ts";
export { sLstm } from "./src/cells/defined/s_lstm.ts";
export { sru } from "./src/cells/defined/sru.ts";
export { zoneoutLstm, type ZoneoutOptions } from "./src/cells/defined/zoneout_lstm.ts";
