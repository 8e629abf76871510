/** What `defineCell` accepts and refuses; cells in saved models; what a step calls. */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  byEquations,
  defineCell,
  equationsData,
  type Expression,
  layerNormLstm,
  minGru,
  minimalGatedUnit,
  readEquations,
} from "../../../cells.ts";
import { gradientCheck } from "../../../check.ts";
import {
  type Cell,
  compile,
  dense,
  embedding,
  FormatError,
  LanguageModel,
  lstm,
  OptionError,
  recurrent,
  sequential,
} from "../../../mod.ts";
import { bahdanau, encoderDecoder } from "../../../models.ts";
import { backward } from "../../../src/cells/equations/derive.ts";
import { schedule } from "../../../src/cells/equations/schedule.ts";

// deno-lint-ignore no-explicit-any -- wrong on purpose
type Any = any;
const define = (parts: object, step: (inputs: Any, f: Any) => Any) =>
  (defineCell as Any)({ name: "test", gates: ["a"], states: ["h"], ...parts, step });

Deno.test("equations that are not those of a cell are refused by one sentence", () => {
  const { step: _, ...other } = { step: undefined as Expression | undefined };
  let foreign: Expression | undefined;
  define({}, ({ x, W, h }) => ({ h: foreign = x.a.plus(W.a(h)) }));
  const refused: [words: string, parts: object, step: (inputs: Any, f: Any) => Any][] = [
    ["is an expression of another cell", {}, ({ x }) => ({ h: x.a.plus(foreign) })],
    ['does not use the gate "b"', { gates: ["a", "b"] }, ({ x }) => ({ h: x.a })],
    ['does not use the vector "v"', { vectors: { v: {} } }, ({ x }) => ({ h: x.a })],
    ['does not use the mask "m"', { masks: { m: 0.1 } }, ({ x }) => ({ h: x.a })],
    ['must return the state "c"', { states: ["h", "c"] }, ({ x }) => ({ h: x.a })],
    ['returns "k", which is none of its states', {}, ({ x }) => ({ h: x.a, k: x.a })],
    ['the state "h" must have width 3, got H', { states: { h: 3 } }, ({ x }) => ({ h: x.a })],
    ["expected values of one width, got H,3", { states: { h: "H", c: 3 } }, ({ x, c }) => ({ h: x.a.plus(c), c })],
    ["expected a value of width 3, got H", { states: { h: 3 } }, ({ x, W }) => ({ h: W.a(x.a) })],
    ["as a number or condition", {}, ({ x, h }) => ({ h: h > 0 ? x.a : h })],
    ["as a number or condition", {}, ({ x, h }) => ({ h: x.a.plus(h + 1) })],
    ['two of its parts are called "x"', { states: ["x"] }, ({ x }) => ({ x })],
    ['two of its parts are called "h"', { vectors: { h: {} } }, ({ x }) => ({ h: x.a })],
    ['"limit" must be a finite number > 0, got 0', {}, ({ x }, { clamp }) => ({ h: clamp(x.a, 0) })],
    ["expected values of the step, got", {}, ({ x }) => ({ h: x.a.plus(undefined) })],
    ["expected a value of the step, got 3", {}, (_, { tanh }) => ({ h: tanh(3) })],
    ["expected 2 values of width H, got 1", { norms: { n: { values: 2 } } }, ({ x, n }) => ({ h: n([x.a])[0] })],
    ["does not use all values", { norms: { n: { values: 2 } } }, ({ x, h, n }) => ({ h: n([x.a, h])[0] })],
    ['unknown option "gate"', { gate: 1 }, ({ x }) => ({ h: x.a })],
    ['"masks.m" must be', { masks: { m: 1 } }, ({ x, m }) => ({ h: x.a.times(m) })],
    ['"bias" must be', { bias: "two" }, ({ x }) => ({ h: x.a })],
    ['"states.h" must be', { states: { h: 0.5 } }, ({ x }) => ({ h: x.a })],
  ];
  assertEquals(other, {});
  for (const [words, parts, step] of refused) {
    const { message } = assertThrows(() => define(parts, step), OptionError, words);
    assert(!message.includes("\n"), message);
  }
});

Deno.test("a misspelt gate, a missing state and a reserved name are type errors", () => {
  const make = () => {
    defineCell({
      name: "t",
      gates: ["f"],
      states: ["h"],
      // @ts-expect-error -- there is no gate g
      step: ({ x, W, h }) => ({ h: x.f.plus(W.g(h)) }),
    });
    defineCell({
      name: "t",
      gates: ["f"],
      states: ["h", "c"],
      // @ts-expect-error -- c is missing
      step: ({ x }) => ({ h: x.f }),
    });
    defineCell({
      name: "t",
      gates: ["f"],
      // @ts-expect-error -- W is a reserved name
      states: ["W"],
      step: ({ x }) => ({ W: x.f }),
    });
  };
  assertThrows(make);
});

Deno.test("gates read the input alone: one call of each function for all steps, no matmul in a step", () => {
  const { equations } = minGru(), [ahead, forward, back] = schedule(equations, false, backward).passes;
  assertEquals(ahead.works.map(({ kind, value }) => `${kind} ${value!.op}`).sort(), [
    "value activation",
    "value activation",
    "value multiply",
  ]);
  assertEquals(forward.works.map(({ value }) => value!.op), ["multiply", "add"]);
  assert(![...forward.works, ...back.works].some(({ kind }) => kind.startsWith("product")));
});

Deno.test("the forget gate of an attending cell is complete only at its step: values of x are not made ahead", async () => {
  const size = { input: 4, hidden: 5 };
  const net = encoderDecoder({
    encoder: sequential({ embedding: embedding(6, 4), rnn: recurrent(minGru(), size) }),
    decoder: sequential({
      embedding: embedding(6, 4),
      rnn: recurrent(bahdanau(minGru(), { source: 5 }), size),
      out: dense(5, 6),
    }),
  });
  const check = await gradientCheck(net, { steps: 3, decoderSteps: 2 } as Any);
  assert(check.ok, String(check));
});

Deno.test("a saved model has its cell: load needs no code, and gives the same bits", async () => {
  const text = "what is written once is read for ever, and that is all that there is to say here";
  for (
    const make of [minimalGatedUnit, layerNormLstm, () => byEquations(lstm({ peepholes: true }))] as (() => Cell)[]
  ) {
    using model = await LanguageModel.create(text, { cell: make(), hidden: [6], seed: 1 });
    using loaded = await LanguageModel.load(model.save());
    assertEquals(loaded.save(), model.save());
    assertEquals(loaded.cell.name, make().name);
    const options = { prompt: "what", length: 20, seed: 3 };
    assertEquals(await Array.fromAsync(loaded.generate(options)), await Array.fromAsync(model.generate(options)));
  }
});

Deno.test("equations of a file are read as strictly as all else", async () => {
  const { equations } = minimalGatedUnit(), good = equationsData(equations) as Any;
  const changed = (change: (data: Any) => void) => {
    const data = structuredClone(good);
    change(data);
    return data;
  };
  const bad: [label: string, data: unknown][] = [
    ["null", null],
    ["text", "h"],
    ["no nodes", changed((data) => delete data.nodes)],
    ["unknown part", changed((data) => data.extra = 1)],
    ["unknown operation", changed((data) => data.nodes[5][0] = "eval")],
    ["an inherited name", changed((data) => data.nodes[0] = ["constructor", "a"])],
    ["an inherited gate", changed((data) => data.nodes[0] = ["x", "constructor"])],
    ["an inherited input", changed((data) => data.nodes[0] = ["vector", "toString"])],
    ["a later expression", changed((data) => data.nodes[4][2] = 99)],
    ["a negative number", changed((data) => data.nodes[4][2] = -1)],
    ["a missing argument", changed((data) => data.nodes.at(-1).pop())],
    ["no list", changed((data) => data.nodes[3] = {})],
    [
      "an unknown nonlinearity",
      changed((data) => data.nodes.find(([op]: Any) => op === "activation")[1] = { name: "x" }),
    ],
    ["a nonlinearity of null", changed((data) => data.nodes.find(([op]: Any) => op === "activation")[1] = null)],
    ["an output that is none", changed((data) => data.outputs = [77])],
    ["no outputs", changed((data) => data.outputs = [])],
    ["a width below 1", changed((data) => data.states.h = 0)],
    ["a gate too many", changed((data) => data.gates.push("z"))],
    ["gates of another type", changed((data) => data.gates = { length: 2 })],
  ];
  for (const [label, data] of bad) {
    const error = assertThrows(() => readEquations(data), Error, undefined, label);
    assert(error instanceof FormatError || error instanceof OptionError, `${label}: ${error}`);
  }
  using model = await LanguageModel.create("abcabcabc", { cell: minimalGatedUnit(), hidden: [4], seed: 1 });
  const bytes = model.save(), file = new TextDecoder("latin1").decode(bytes);
  const broken = Uint8Array.from(file.replace('\\"subtract\\"', '\\"subtrac1\\"'), (c) => c.charCodeAt(0));
  await assertRejects(() => LanguageModel.load(broken), FormatError, "which is no expression");
});

Deno.test("String(cell) has the forward equations and the derived backward equations", () => {
  const text = String(byEquations(lstm()));
  for (
    const line of [
      "c = f c' + i g",
      "h = o tanh(c)",
      "dc += dh o (1 - tanh(c)²)",
      "dz_f = dc c' f (1 - f)",
      "dc' = dc f",
    ]
  ) {
    assertStringIncludes(text, `\n${line}\n`);
  }
});

Deno.test("zoneout: masks drop in training only", async () => {
  const { zoneoutLstm } = await import("../../../cells.ts");
  const net = recurrent(zoneoutLstm({ cell: 0.9, hidden: 0.9 }), { input: 2, hidden: 4 }),
    x = new Float32Array(8).fill(1);
  using session = await compile(net, { batch: 1, steps: 4, train: true });
  const [once, again] = [session.forward(x), session.forward(x)];
  assertEquals(once, again);
  const dropped = session.forward(x, { training: true });
  assert(dropped.filter((value, i) => value === (i < 4 ? 0 : dropped[i - 4])).length > 8, "elements keep their values");
});
