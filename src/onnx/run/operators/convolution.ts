import { allocate, type OnnxTensor, tensor } from "../../format/tensor.ts";
import { planConvolution } from "../plan/convolution_plan.ts";
import { type Convolution, readConvolution, requireBias } from "./convolution_sizes.ts";
import { type Operator, required } from "./operator.ts";

/** The convolution of x with W, plus a bias for each channel. */
export const conv: Operator = {
  prepare(node) {
    const read = readConvolution(node);
    return (inputs) => {
      const x = required(inputs, 0), W = required(inputs, 1), bias = inputs[2], sizes = read(x.shape, W.shape);
      requireBias(bias, sizes.M);
      return [convolved(x, W, bias, sizes)];
    };
  },
  plan: (node) => planConvolution(readConvolution(node)),
};

function convolved(x: OnnxTensor, W: OnnxTensor, bias: OnnxTensor | undefined, sizes: Convolution): OnnxTensor {
  const { N, C, M, groups, channels, size, taps, positions, windows: { index }, shape } = sizes;
  const y = allocate("double", shape);
  for (let n = 0, to = 0; n < N; n++) {
    for (let m = 0; m < M; m++) {
      const first = Math.floor(m / (M / groups)) * channels;
      for (let p = 0; p < positions; p++, to++) {
        let sum = bias ? bias.data[m] : 0;
        for (let c = 0; c < channels; c++) {
          const from = (n * C + first + c) * size, weight = (m * channels + c) * taps;
          for (let t = 0; t < taps; t++) {
            const at = index[p * taps + t];
            if (at >= 0) sum += x.data[from + at] * W.data[weight + t];
          }
        }
        y[to] = sum;
      }
    }
  }
  return tensor(x.type, shape, y);
}
