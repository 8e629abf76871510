/**
 * Runs a net on three threads, with nothing that would need a permission; prints how many there are, and the outputs.
 */
import { compile, dense } from "../../../mod.ts";

using session = await compile(dense(3, 4), { batch: 8, steps: 2, threads: 3 });
console.log(JSON.stringify({ threads: session.threads, outputs: session.forward(new Float32Array(48)).length }));
