import { type Activation, completeActivation } from "../ops/activation.ts";

/**
 * The version whose definitions hold. Keras 3 has another hard sigmoid than Keras 2 and TensorFlow.js. Pooling in
 * TensorFlow.js includes padding.
 */
export type Dialect = "keras3" | "keras2" | "tfjs";

/** The nonlinearities with the same name in Keras and in the library. */
const SAME_NAME = ["relu", "tanh", "sigmoid", "elu", "softsign", "softplus"] as const;

/** The nonlinearity of a name in Keras; undefined when the library has none. */
export function activationOf(name: string, dialect: Dialect): Activation | undefined {
  switch (name) {
    case "linear":
      return "identity";
    case "hard_sigmoid":
      return { name: "hardSigmoid", alpha: dialect === "keras3" ? 1 / 6 : 0.2, beta: 0.5 };
    case "leaky_relu":
      return { name: "leakyRelu", alpha: 0.2 };
  }
  return SAME_NAME.find((same) => same === name);
}

/** Whether two nonlinearities are the same function. */
export function sameActivation(a: Activation, b: Activation): boolean {
  const x = completeActivation("activation", a), y = completeActivation("activation", b);
  return x.name === y.name && x.alpha === y.alpha && x.beta === y.beta;
}

/** The name of a nonlinearity in Keras; undefined when Keras has no name for it. */
export function activationName(activation: Activation | "softmax", dialect: Dialect): string | undefined {
  if (activation === "softmax") return activation;
  const names = ["linear", ...SAME_NAME, "hard_sigmoid", ...dialect === "tfjs" ? [] : ["leaky_relu"]];
  return names.find((name) => sameActivation(activationOf(name, dialect)!, activation));
}
