import type { Activation } from "../../ops/activation.ts";
import type { Dialect } from "../activations.ts";
import type { ActivationSpec, LayerSpec } from "../spec.ts";
import { type Config, describeValue, extents } from "./config.ts";
import { NOISE } from "./passed_over.ts";
import { isRecurrent, readBidirectional, readRecurrent } from "./recurrent.ts";

/** The layers that TimeDistributed may wrap: they treat each step alike without it. */
const DISTRIBUTED = [
  "Dense",
  "Dropout",
  "Activation",
  "ReLU",
  "LeakyReLU",
  "ELU",
  "Softmax",
  "LayerNormalization",
  ...NOISE,
];

/**
 * Reads a layer. The result is empty for a layer without effect, and two specs for a dense layer with a nonlinearity.
 * Unsupported properties are reported to `config.fault`.
 */
export function readLayer(className: string, config: Config, dialect: Dialect): LayerSpec[] {
  const name = config.text("name") ?? "", { fault } = config;
  if (isRecurrent(className)) return [readRecurrent(className, config, dialect)].filter((spec) => !!spec);
  switch (className) {
    case "InputLayer":
      return [];
    case "Embedding":
      return [{
        kind: "embedding",
        name,
        vocabulary: config.size("input_dim"),
        width: config.size("output_dim"),
        maskZero: config.boolean("mask_zero", false),
      }];
    case "Masking":
      return [{ kind: "masking", name, value: config.number("mask_value", 0) }];
    case "Bidirectional":
      return [readBidirectional(config, dialect)].filter((spec) => !!spec);
    case "Dense":
      return readDense(config, name, dialect);
    case "TimeDistributed":
      return readDistributed(config, name, dialect);
    case "Dropout":
      return [{ kind: "dropout", name, rate: config.rate("rate"), variational: sharesSteps(config) }];
    case "SpatialDropout1D":
      return [{ kind: "dropout", name, rate: config.rate("rate"), variational: true }];
    case "LayerNormalization":
      return readNorm(config, name);
    case "GlobalAveragePooling1D":
    case "GlobalMaxPooling1D":
      if (config.boolean("keepdims", false) || config.text("data_format") === "channels_first") {
        fault('"keepdims" and "channels_first" are not supported');
      }
      return [{ kind: "pool", name, how: className === "GlobalMaxPooling1D" ? "max" : "mean" }];
    case "Lambda":
      fault("it contains code, which is not executed");
      return [];
  }
  const activation = readActivationLayer(className, config, dialect);
  if (!activation) return fault("this class is not supported"), [];
  return [{
    kind: "activation",
    name,
    activation,
    insideDense: false,
    axis: className === "Softmax" ? readAxis(config) : -1,
  }];
}

/** The nonlinearity of an activation layer; undefined for any other class. */
function readActivationLayer(className: string, config: Config, dialect: Dialect): Activation | "softmax" | undefined {
  switch (className) {
    case "Activation":
      return config.activation("activation", "linear", dialect);
    case "Softmax":
      return "softmax";
    case "ReLU": {
      const alpha = config.number("negative_slope", 0);
      if (config.value("max_value") !== undefined || config.number("threshold", 0) !== 0) {
        config.fault('"max_value" and "threshold" are not supported');
      }
      return alpha ? { name: "leakyRelu", alpha } : "relu";
    }
    case "LeakyReLU":
      return { name: "leakyRelu", alpha: config.number("negative_slope", config.number("alpha", 0.3)) };
    case "ELU":
      return { name: "elu", alpha: config.number("alpha", 1) };
  }
}

function readDense(config: Config, name: string, dialect: Dialect): LayerSpec[] {
  const activation = config.activation("activation", "linear", dialect);
  if (config.value("quantization_config") !== undefined) config.fault("quantized layers are not supported");
  if (config.value("lora_rank") !== undefined) config.fault('"lora_rank" is not supported');
  const activationSpecs: ActivationSpec[] = activation === "identity"
    ? []
    : [{ kind: "activation", name, activation, insideDense: true, axis: -1 }];
  const units = config.size("units");
  const bias = config.boolean("use_bias", true);
  return [{ kind: "dense", name, units, bias, distributed: false }, ...activationSpecs];
}

function readDistributed(config: Config, name: string, dialect: Dialect): LayerSpec[] {
  const layer = config.child("layer");
  const className = layer?.text("class_name") ?? "", own = layer?.child("config");
  if (!own || !DISTRIBUTED.includes(className)) {
    config.fault(`TimeDistributed of ${JSON.stringify(className)} is not supported`);
    return [];
  }
  if (NOISE.includes(className)) return [];
  return readLayer(className, own, dialect).map((spec) =>
    spec.kind === "dense" ? { ...spec, name, distributed: true } : { ...spec, name }
  );
}

function readNorm(config: Config, name: string): LayerSpec[] {
  if (config.boolean("rms_scaling", false)) config.fault('"rms_scaling" is not supported');
  const epsilon = config.number("epsilon", 1e-3);
  if (epsilon <= 0) config.fault(`"epsilon" must be a number > 0, got ${epsilon}`);
  const scale = config.boolean("scale", true), center = config.boolean("center", true);
  return [{ kind: "norm", name, epsilon, scale, center, axis: readAxis(config) }];
}

/** The axis of a layer; -1 is the last. */
function readAxis(config: Config): number {
  const value = config.value("axis");
  const [axis, ...more] = Array.isArray(value) ? value.map(({ value }) => value) : [value];
  if (axis === undefined || (Number.isInteger(axis) && !more.length)) return axis as number ?? -1;
  config.fault(`"axis" must be one axis, got ${describeValue(value)}`);
  return -1;
}

/** Whether all steps share one dropout mask, whose shape is `[batch, 1, width]`. */
function sharesSteps(config: Config): boolean {
  if (config.value("noise_shape") === undefined) return false;
  const shape = extents(config.value("noise_shape"));
  if (shape?.length === 3 && shape[0] !== 1 && shape[1] === 1 && shape[2] !== 1) return true;
  config.fault('"noise_shape" must be absent or [null, 1, width], got another shape');
  return false;
}
