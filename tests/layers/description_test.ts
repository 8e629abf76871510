/** The descriptions of layers and cells as plain data. */
import { assertEquals } from "@std/assert";
import {
  dense,
  dropout,
  elman,
  embedding,
  gru,
  type Layer,
  lstm,
  oneHot,
  orthogonal,
  recurrent,
  sequential,
} from "../../mod.ts";
import { notesGru, notesLstm } from "../../cells.ts";
import { activation, attentionPool, layerNorm, pool, residual } from "../../layers.ts";

/** A description through JSON, which drops everything that is not plain data. */
const described = ({ description }: Layer) => JSON.parse(JSON.stringify(description));

Deno.test("the description of a layer has its kind and options", () => {
  assertEquals(described(embedding(5, 3)), { kind: "embedding" });
  assertEquals(described(embedding(5, 3, { paddingIndex: 1 })), { kind: "embedding", paddingIndex: 1 });
  assertEquals(described(oneHot(5)), { kind: "oneHot" });
  assertEquals(described(dense(5, 3)), { kind: "dense" });
  assertEquals(described(dropout(5, 0.25)), { kind: "dropout", rate: 0.25, variational: false });
  assertEquals(described(activation("relu", 5)), { kind: "activation", f: { name: "relu" } });
  assertEquals(described(activation("elu", 5)), { kind: "activation", f: { name: "elu", alpha: 1 } });
  assertEquals(described(layerNorm(5)), { kind: "layerNorm", epsilon: 1e-5 });
  assertEquals(described(pool(5, "max")), { kind: "pool", how: "max" });
  assertEquals(described(attentionPool(5)), { kind: "attentionPool" });
  assertEquals(described(residual(activation("tanh", 5))), {
    kind: "residual",
    layer: { kind: "activation", f: { name: "tanh" } },
  });
});

Deno.test("the description of a recurrent layer has its cell and its options without initialisers", () => {
  const options = {
    input: 3,
    hidden: [4, 5],
    bidirectional: true,
    merge: "sum",
    output: "last",
    dropout: 0.5,
  } as const;
  const sigmoid = { name: "sigmoid" }, tanh = { name: "tanh" };
  assertEquals(described(recurrent(elman({ clip: 2 }), { ...options, initial: { weight_hh: orthogonal() } })), {
    kind: "recurrent",
    cell: { kind: "elman", bias: true, clip: 2, activation: tanh },
    ...options,
  });
  const size = { input: 3, hidden: 4 }, cell = (layer: Layer) => described(layer).cell;
  const { name: _, plain: __, ...reset } = cell(recurrent(gru({ reset: "before", bias: false }), size));
  assertEquals(reset, {
    kind: "gru",
    reset: "before",
    bias: false,
    activations: { gates: sigmoid, candidate: tanh },
  });
  const { name: ___, plain: ____, ...peepholes } = cell(recurrent(lstm({ peepholes: true, projection: 2 }), size));
  assertEquals(peepholes, {
    kind: "lstm",
    bias: true,
    projection: 2,
    peepholes: true,
    coupled: false,
    activations: { gates: sigmoid, cell: tanh, hidden: tanh },
  });
  assertEquals(cell(recurrent(notesGru(), size)), { kind: "notesGru" });
  assertEquals(cell(recurrent(notesLstm(), size))?.kind, "notesLstm");
});

Deno.test("the description of a net has those of its layers; a layer without one has none", () => {
  const own: Layer = { ...dense(3, 3), description: undefined };
  assertEquals(described(sequential({ tokens: oneHot(3), own, out: dense(3, 2) })), {
    kind: "stacked",
    layers: [["tokens.", "tokens", { kind: "oneHot" }], ["own.", "own", null], ["out.", "out", { kind: "dense" }]],
  });
  assertEquals(described(residual(own)), { kind: "residual" });
  const cell = { ...elman(), description: undefined };
  assertEquals(described(recurrent(cell, { input: 3, hidden: 4 })), { kind: "recurrent", input: 3, hidden: 4 });
});
