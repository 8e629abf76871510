import { compile } from "@unroll/rnn";
import { conv1d } from "@unroll/rnn/layers";
import type { Numerics } from "../../src/kernels/load.ts";
import type { Case } from "./case.ts";

/** Rows of a batch, time steps, columns of input and output, steps that an output reads. */
const B = 32, T = 100, C = 128, KERNEL = 3;

/** A convolution over time: forward and the gradients of input and parameters, without copies to the caller. */
export const convolutions: Case[] = [{
  group: "convolution",
  name: `conv1d ${C} -> ${C}, kernel ${KERNEL}, B ${B}, T ${T}, forward and backward`,
  flops: 3 * 2 * T * B * C * C * KERNEL,
  async setup(numerics: Numerics) {
    const net = conv1d(C, C, KERNEL, { padding: "same" });
    const session = await compile(net, { batch: B, steps: T, train: true, numerics });
    const { runner } = session, { plan: { layer } } = runner;
    session.forward(new Float32Array(T * B * C).fill(0.1));
    const batch = runner.requireOutputs("the output");
    return () => {
      layer.forward(runner.kernels, batch);
      layer.backward(runner.kernels, batch);
      layer.gradients(runner.kernels, batch);
    };
  },
}];
