/** The passes that order and place the works of a cell, on random equations: every work finds what it reads. */
import { assert, assertEquals } from "@std/assert";
import type { Expression } from "../../../cells.ts";
import type { Home } from "../../../src/cells/equations/order.ts";
import type { Placed } from "../../../src/cells/equations/place.ts";
import { type Schedule, schedule } from "../../../src/cells/equations/schedule.ts";
import type { Equations } from "../../../src/cells/equations/trace.ts";
import { elman, gru, lstm } from "../../../mod.ts";
import { minimalGatedUnit, notesGru, notesLstm } from "../../../cells.ts";
import { randomCell } from "../../support/cells/random_cell.ts";

type Memory = Map<string, Set<Expression>>;
const key = ({ kind, at }: Home) => `${kind} ${at}`;

/** Runs works on a memory of names: a home has the values that were written last. */
function run({ works, results, sources }: Placed, memory: Memory, equations: Equations, label: string): void {
  for (const work of works) {
    const read = sources.get(work)!;
    work.reads.forEach((e, i) => {
      const inside = memory.get(key(read[i]));
      assert(inside?.has(e), `${label}: ${work.kind} ${work.value ?? work.at} does not find ${e} in ${key(read[i])}`);
    });
    const home = results.get(work);
    if (!home) continue;
    if (work.kind === "product" || work.kind === "norm" || work.kind === "normBackward") {
      // Each value has a home of its own; a sum takes that of the product.
      for (const e of work.makes) {
        const block = equations.inZ.get(e);
        const own = block !== undefined ? `z ${block}` : work.kind === "norm" ? `norm ${work.at} ${e.at}` : key(home);
        const i = work.makes.indexOf(e), next = work.kind === "normBackward" ? `temporary ${Number(home.at) + i}` : own;
        memory.set(
          next,
          new Set(block === undefined ? [e] : [...memory.get(next) ?? [], e].filter(({ op }) => op !== "x")),
        );
      }
      continue;
    }
    const e = work.value ?? work.makes[0];
    if (work.kind === "store" || work.kind === "move") {
      const from = memory.get(key(read[0]))!;
      memory.set(key(home), new Set(from));
    } else memory.set(key(home), new Set([e]));
  }
}

/** What a step finds: inputs in z, states, vectors, masks. */
function start({ nodes, states, inZ }: Equations): Memory {
  const memory: Memory = new Map();
  for (const e of nodes) {
    if (e.op === "x") memory.set(`z ${inZ.get(e)}`, new Set([e]));
    if (e.op === "state") memory.set(`now ${Object.keys(states).indexOf(e.at as string)}`, new Set([e]));
    if (e.op === "vector" || e.op === "mask") memory.set(`${e.op} ${e.at}`, new Set([e]));
  }
  return memory;
}

function simulate(equations: Equations, label: string): Schedule {
  const planned = schedule(equations), memory = start(equations), { outputs, states } = equations;
  run(planned.ahead, memory, equations, `${label}, ahead`);
  run(planned.forward, memory, equations, `${label}, forward`);
  outputs.forEach((e, i) => assert(memory.get(`next ${i}`)?.has(e), `${label}: state ${i} is not complete`));
  for (const name of [...memory.keys()]) if (name.startsWith("temporary")) memory.delete(name);
  const seed = (i: number) => outputs[i].graph.make("seed", [], Object.keys(states)[i], outputs[i].width);
  outputs.forEach((_, i) => memory.set(i ? `gradient ${i}` : "outputGradient 1", new Set([seed(i)])));
  run(planned.backward, memory, equations, `${label}, backward`);
  for (const name of [...memory.keys()]) if (/^(temporary|outputGradient|gradient)/.test(name)) memory.delete(name);
  run(planned.late, memory, equations, `${label}, late`);
  const summed = planned.late.works.flatMap(({ kind, at }) => kind === "sum" ? [at] : []);
  const vectors = equations.nodes.flatMap(({ op, at }) => op === "vector" ? [at] : []);
  assertEquals(summed.sort(), vectors.sort(), `${label}: the gradients of vectors`);
  return planned;
}

Deno.test("every work finds what it reads, in cells of random equations", () => {
  for (let seed = 0; seed < 300; seed++) simulate(randomCell(seed).equations, `seed ${seed}`);
});

Deno.test("every work finds what it reads, in the cells of the library", () => {
  const cells = [elman(), lstm({ clip: 1, peepholes: true }), gru(), gru({ reset: "before" }), notesLstm(), notesGru()];
  for (const { equations, name } of cells) simulate(equations!, name);
});

/** In floats for each unit, step and row, in addition to z and the states: what a cell keeps for backward. */
Deno.test("cells keep as little as those that were written by hand", () => {
  const kept = (cell: { equations?: Equations }) => simulate(cell.equations!, "").kept.length;
  assertEquals(kept(elman()), 0);
  assertEquals(kept(lstm()), 1, "tanh(c)");
  assertEquals(kept(gru()), 0);
  assertEquals(kept(gru({ reset: "before" })), 1, "r h'");
  assertEquals(kept(minimalGatedUnit()), 1, "f h'");
  assertEquals(kept(notesLstm()), 1, "tanh(C)");
  assertEquals(
    kept(lstm({ peepholes: true })),
    1,
    "tanh(c); the products of peepholes are computed after the last step",
  );
});
