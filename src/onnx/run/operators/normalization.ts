import { ShapeError } from "../../../errors.ts";
import { allocate, type OnnxTensor, sizeOf, tensor } from "../../format/tensor.ts";
import { planBinary } from "../plan/elementwise_plan.ts";
import { type Operator, required } from "./operator.ts";

/** The mean and the variance of each channel of x `[N, C, ...]`, over all rows or of each row. */
function channelStatistics(x: OnnxTensor, C: number, each: boolean): { mean: Float64Array; variance: Float64Array } {
  const [N] = x.shape, size = sizeOf(x.shape.slice(2)), parts = each ? N * C : C;
  const mean = new Float64Array(parts), variance = new Float64Array(parts), count = each ? size : N * size;
  const channel = (i: number) => Math.floor(i / size) % parts;
  x.data.forEach((x, i) => mean[channel(i)] += x / count);
  x.data.forEach((x, i) => variance[channel(i)] += (x - mean[channel(i)]) ** 2 / count);
  return { mean, variance };
}

/** (x - mean) / sqrt(variance + epsilon) scale + bias, for each channel of x. */
function normalized(
  x: OnnxTensor,
  [scale, bias, mean, variance]: readonly ArrayLike<number>[],
  epsilon: number,
): OnnxTensor {
  const y = allocate("double", x.shape), size = sizeOf(x.shape.slice(2)), C = scale.length;
  for (let i = 0; i < y.length; i++) {
    const channel = Math.floor(i / size), c = channel % C, s = channel % mean.length;
    y[i] = (x.data[i] - mean[s]) / Math.sqrt(variance[s] + epsilon) * scale[c] + bias[c];
  }
  return tensor(x.type, x.shape, y);
}

function requireChannels({ shape }: { readonly shape: readonly number[] }, parameters: readonly OnnxTensor[]): number {
  const C = shape[1] ?? 1, wrong = parameters.find((parameter) => parameter.shape.join() !== `${C}`);
  if (wrong) throw new ShapeError(`each parameter must have shape [${C}], got [${wrong.shape}]`);
  return C;
}

/** With the statistics of the model, or in `training_mode` with those of x, which it also gives. */
export const batchNormalization: Operator = {
  prepare({ attributes, outputs }) {
    const epsilon = attributes.take("epsilon", "float") ?? 1e-5, momentum = attributes.take("momentum", "float") ?? 0.9;
    const training = attributes.int("training_mode", 0) !== 0;
    attributes.int("spatial", 1);
    return (inputs) => {
      const x = required(inputs, 0), parameters = [1, 2, 3, 4].map((i) => required(inputs, i));
      const C = requireChannels(x, parameters), [scale, bias, mean, variance] = parameters.map(({ data }) => data);
      if (!training) return [normalized(x, [scale, bias, mean, variance], epsilon)];
      const own = channelStatistics(x, C, false);
      const running = (old: ArrayLike<number>, now: Float64Array, type: OnnxTensor["type"]) =>
        tensor(type, [C], now.map((x, c) => momentum * old[c] + (1 - momentum) * x));
      return [
        normalized(x, [scale, bias, own.mean, own.variance], epsilon),
        running(mean, own.mean, parameters[2].type),
        running(variance, own.variance, parameters[3].type),
      ].slice(0, outputs);
    };
  },
  plan({ attributes }) {
    const epsilon = attributes.take("epsilon", "float") ?? 1e-5, training = attributes.int("training_mode", 0) !== 0;
    return (plan, inputs) => {
      const [x] = inputs, parameters = inputs.slice(1, 5).flatMap((input) => input?.known ?? []);
      if (!x || training || parameters.length < 4 || x.shape.length < 2) return undefined;
      const C = requireChannels(x, parameters), [scale, bias, mean, variance] = parameters.map(({ data }) => data);
      const shape = [C, ...x.shape.slice(2).map(() => 1)],
        factor = scale.map((x, c) => x / Math.sqrt(variance[c] + epsilon));
      const constant = (numbers: ArrayLike<number>) => {
        const known = tensor("float", shape, Float32Array.from(numbers));
        return { type: known.type, shape, known };
      };
      const product = planBinary((a, b) => a * b, "multiply")(plan, [x, constant(factor)]);
      const offsets = constant(bias.map((x, c) => x - mean[c] * factor[c]));
      return product && planBinary((a, b) => a + b, "add")(plan, [product[0], offsets]);
    };
  },
};

/** With the statistics of each row. */
export const instanceNormalization: Operator = {
  prepare({ attributes }) {
    const epsilon = attributes.take("epsilon", "float") ?? 1e-5;
    return (inputs) => {
      const x = required(inputs, 0), parameters = [1, 2].map((i) => required(inputs, i));
      const C = requireChannels(x, parameters), { mean, variance } = channelStatistics(x, C, true);
      return [normalized(x, [...parameters.map(({ data }) => data), mean, variance], epsilon)];
    };
  },
};
