/**
 * Runs a stream where there is nothing of the web platform, as in an AudioWorklet: the host hands in the kernels'
 * module and the parameters, and gets the outputs.
 */
import { load } from "../../../inference.ts";
import { streamedNet } from "../streamed_net.ts";

// deno-lint-ignore no-explicit-any
const { kernels, tensors, x, answer } = globalThis as any;
const loaded = await load(streamedNet(), tensors, { batch: 1, steps: 1, numerics: "exact", kernels });
const stream = loaded.stream(), output = new Float32Array(2), all: number[] = [];
for (let t = 0; t < x.length; t++) all.push(...stream.step([x[t]], output));
loaded.dispose();
answer(all);
