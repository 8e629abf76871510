import { type Activation, completeActivation } from "../ops/activation.ts";
import { Config, describeValue } from "./read/config.ts";

/** Which definitions hold: Keras 3 has another hard sigmoid than the others, and TensorFlow.js pools padding too. */
export type Dialect = "keras3" | "keras2" | "tfjs";

/** Nonlinearities by their names. */
function activationOf(name: string, dialect: Dialect): Activation | undefined {
  switch (name) {
    case "linear":
      return "identity";
    case "relu":
    case "tanh":
    case "sigmoid":
    case "elu":
    case "softsign":
    case "softplus":
      return name;
    case "hard_sigmoid":
      return { name: "hardSigmoid", alpha: dialect === "keras3" ? 1 / 6 : 0.2, beta: 0.5 };
    case "leaky_relu":
      return { name: "leakyRelu", alpha: 0.2 };
  }
}

/** The nonlinearity that a key of a configuration names; `softmax` only where it may stand. */
export function readActivation(
  config: Config,
  key: string,
  otherwise: string,
  dialect: Dialect,
): Activation | "softmax" {
  const value = config.value(key) ?? otherwise;
  // Keras 3 may write an object around the name.
  const inner = value instanceof Map ? new Config(value, config.fault).value("config") : value;
  const name = typeof inner === "string" ? inner.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toLowerCase() : "";
  if (name === "softmax") return name;
  const found = activationOf(name, dialect);
  if (!found) config.fault(`"${key}" ${describeValue(typeof inner === "string" ? inner : value)} is not supported`);
  return found ?? "identity";
}

/** Whether two nonlinearities are the same. */
export function sameActivation(a: Activation, b: Activation): boolean {
  const x = completeActivation("activation", a), y = completeActivation("activation", b);
  return x.name === y.name && x.alpha === y.alpha && x.beta === y.beta;
}

/** The name that a nonlinearity has there; undefined where it has none. */
export function activationName(activation: Activation | "softmax", dialect: Dialect): string | undefined {
  if (activation === "softmax") return activation;
  const both = "linear relu tanh sigmoid elu softsign softplus hard_sigmoid".split(" ");
  const candidates = dialect === "tfjs" ? both : [...both, "leaky_relu"];
  return candidates.find((name) => sameActivation(activationOf(name, dialect)!, activation));
}
