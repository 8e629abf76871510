/** The passes that order and place the works of a cell, on random equations: every work finds what it reads. */
import { assert, assertEquals } from "@std/assert";
import type { Equations, Expression } from "../../../cells.ts";
import { backward, derive } from "../../../src/cells/equations/derive.ts";
import { resultHome } from "../../../src/cells/equations/order.ts";
import type { Placed } from "../../../src/cells/equations/place.ts";
import { type Schedule, schedule } from "../../../src/cells/equations/schedule.ts";
import { type Cell, elman, gru, lstm } from "../../../mod.ts";
import { byEquations, minimalGatedUnit, notesGru, notesLstm } from "../../../cells.ts";
import { randomCell } from "../../support/cells/random_cell.ts";

type Memory = Map<string, Set<Expression>>;

/** Runs works on a memory of names: a home has the values that were written last. */
function run({ works }: Placed, memory: Memory, equations: Equations, label: string): void {
  for (const work of works) {
    const { kind, reads, makes, value, from, to: home } = work;
    reads.forEach((e, i) => {
      const what = `${label}: ${kind} ${value ? `${value.op} ${value.at}` : work.at}`;
      assert(memory.get(from[i])?.has(e), `${what} does not find ${e.op} ${e.at} in ${from[i]}`);
    });
    assert(!/^(now|vector|mask)/.test(home ?? ""), `${label}: ${kind} overwrites ${home}`);
    if (kind === "product") {
      // A sum takes the home of the product, which takes that of x.
      makes.forEach((e) => {
        const to = equations.inZ.has(e) ? `z ${equations.inZ.get(e)}` : resultHome(equations, e)!;
        memory.set(to, new Set([...memory.get(to) ?? [], e].filter((other) => makes.includes(other))));
      });
    } else if (kind === "productBackward") {
      makes.forEach((e, i) => memory.set(`temporary ${Number(home!.split(" ")[1]) + i}`, new Set([e])));
    } else if (kind === "store") memory.set(home!, new Set(memory.get(from[0])));
    else if (home) memory.set(home, new Set([value!]));
  }
}

/** What a step finds: inputs in z, states, vectors, masks. */
function start({ nodes, states, inZ }: Equations): Memory {
  const memory: Memory = new Map();
  for (const e of nodes) {
    const { op, at } = e;
    if (op === "x") memory.set(`z ${inZ.get(e)}`, new Set([e]));
    if (op === "state") memory.set(`now ${Object.keys(states).indexOf(at as string)}`, new Set([e]));
    if (op === "vector" || op === "mask") memory.set(`${op} ${at}`, new Set([e]));
  }
  return memory;
}

function simulate(equations: Equations, label: string): Schedule {
  const derived = derive(equations), planned = schedule(equations, false, backward), memory = start(equations);
  const { outputs, states, nodes, products } = equations, [ahead, forward, back] = planned.passes;
  run(ahead, memory, equations, `${label}, ahead`);
  run(forward, memory, equations, `${label}, forward`);
  outputs.forEach((e, i) => assert(memory.get(`next ${i}`)?.has(e), `${label}: state ${i} is not complete`));
  planned.factors.forEach((home, i) => {
    const { results: [{ op }], args: [factor] } = products[i];
    if (op !== "part") assert(memory.get(home)?.has(factor), `${label}: the factor of product ${i} is overwritten`);
  });
  for (const name of [...memory.keys()]) if (name.startsWith("temporary")) memory.delete(name);
  const seed = (i: number) => outputs[i].graph.make("seed", [], Object.keys(states)[i], outputs[i].width);
  outputs.forEach((_, i) => memory.set(i ? `gradient ${i}` : "outputGradient 1", new Set([seed(i)])));
  run(back, memory, equations, `${label}, backward`);
  const finds = (home: string, d: Expression | undefined) => !d || memory.get(home)?.has(d);
  for (const e of nodes) {
    const d = derived.gradients.get(e);
    if (e.op === "recurrent" || e.op === "weight") assert(finds(resultHome(equations, e)!, d), `${label}: ${e.op}`);
    if (e.op === "x") assert(finds(`z ${equations.inZ.get(e)}`, d), `${label}: the gradient of x.${e.at}`);
  }
  planned.factors.forEach((home, i) => {
    const { results: [{ op }], args: [factor] } = products[i];
    if (op !== "part") {
      assert(memory.get(home)?.has(factor), `${label}: the factor of product ${i} is lost in backward`);
    }
  });
  const summed = back.works.flatMap(({ kind, at }) => kind === "sum" ? [at] : []);
  const vectors = nodes.flatMap(({ op, at }) => op === "vector" ? [at] : []);
  assertEquals(summed.sort(), vectors.sort(), `${label}: the gradients of vectors`);
  return planned;
}

Deno.test("every work finds what it reads, in cells of random equations", () => {
  for (let seed = 0; seed < 300; seed++) simulate(randomCell(seed).equations, `seed ${seed}`);
});

Deno.test("every work finds what it reads, in the cells of the library", () => {
  const cells = [elman(), lstm({ clip: 1, peepholes: true }), gru(), gru({ reset: "before" }), notesLstm(), notesGru()];
  for (const cell of cells) simulate(byEquations(cell).equations, cell.name);
});

/** In floats for each unit, step and row, in addition to z and the states: what a cell keeps for backward. */
Deno.test("cells keep as little as those that were written by hand", () => {
  const kept = (cell: Cell) => simulate(byEquations(cell).equations, "").kept.length;
  assertEquals(kept(elman()), 0);
  assertEquals(kept(lstm()), 1, "tanh(c)");
  assertEquals(kept(gru()), 0);
  assertEquals(kept(gru({ reset: "before" })), 1, "r h'");
  assertEquals(kept(minimalGatedUnit()), 1, "f h'");
  assertEquals(kept(notesLstm()), 1, "tanh(C)");
  assertEquals(kept(lstm({ peepholes: true })), 1, "tanh(c)");
});
