/** Writing takes one row and one step at a time, which is too little for several threads. */
import { assert, assertEquals } from "@std/assert";
import { elman, gru, LanguageModel, lstm } from "../../mod.ts";

const TEXT = "she sells sea shells by the sea shore. ".repeat(20);

/** How often the calling thread meets workers, in shared memory, while work runs. */
async function meetings(work: () => Promise<unknown>): Promise<number> {
  const { add } = Atomics;
  let count = 0;
  const counted = (array: Int32Array, index: number, value: number) => {
    if (array.buffer instanceof SharedArrayBuffer) count++;
    return add(array, index, value);
  };
  Atomics.add = counted as typeof add;
  try {
    await work();
  } finally {
    Atomics.add = add;
  }
  return count;
}

for (const cell of [elman(), gru(), lstm()]) {
  Deno.test(`a ${cell.name} model that trains on two threads writes on one`, async () => {
    using model = await LanguageModel.create(TEXT, { cell, hidden: [24, 40], threads: 2, seed: 1 });
    assertEquals(model.threads, 2);
    const options = [{}, { prompt: "she sells" }, { temperature: 0.7, topK: 5 }];
    const write = async () => {
      for (const each of options) await Array.fromAsync(model.generate({ length: 20, ...each }));
    };
    assertEquals(await meetings(write), 0);
    assert(await meetings(() => Array.fromAsync(model.fit(TEXT, { batch: 8, unroll: 10, steps: 2 }))) > 0);
    assertEquals(await meetings(write), 0, "after training");
  });
}
