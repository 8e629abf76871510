import { crossEntropy, type Layer, sgd, type Shape } from "../../mod.ts";
import { firstMissing, type Kind, sessionOn, setParameters } from "./kind.ts";

const OPTIONS = { label_smoothing: [0], reduction: ["mean"], class_weight: [false], layout: ["(N,C)"] };

/** PyTorch's `cross_entropy`: the loss and its gradient with respect to the logits. */
export const crossEntropyLoss: Kind = {
  missing: (test) => firstMissing(test.config, OPTIONS) ?? (test.tensors().has("dloss") ? "dloss" : undefined),

  async run({ config, tolerance, tensors: read }, arithmetic) {
    const tensors = read(), shape = tensors.shape("logits"), y = tensors.ints("targets");
    using session = await sessionOn(arithmetic, parameterAsOutput("logits", shape), {
      batch: shape[0],
      steps: 1,
      loss: crossEntropy({ ignoreIndex: config.ignore_index }),
      optimizer: sgd({ learningRate: 0 }),
    });
    setParameters(session, tensors);
    const { loss } = session.step({ x: new Float32Array(shape[0]), y });
    const { data } = session.gradients().get("logits")!;
    return [
      { name: "loss", arithmetic, got: [loss], want: tensors.floats("loss"), tolerance },
      { name: "grad.logits", arithmetic, got: data, want: tensors.floats("grad.logits"), tolerance },
    ];
  },
};

/** A layer whose output, of as many rows as a call has, is a parameter: so its gradient can be read. */
function parameterAsOutput(name: string, shape: Shape): Layer {
  const [rows, width] = shape;
  return {
    input: { kind: "values", width: 1 },
    output: { kind: "values", width },
    parameters: { [name]: { shape, initial() {} } },
    plan(scope) {
      const { value, gradient } = scope.parameter(name);
      const y = scope.kept("output", rows, width), dy = scope.kept("gradient of output", rows, width);
      return {
        output: { kind: "values", width, value: y, gradient: dy },
        states: [],
        refresh() {},
        forward: (k) => k.copy(y.address, value.address, rows, width, y.stride, width),
        backward() {},
        gradients: (k) => k.add(gradient.address, gradient.address, dy.address, rows, width, width, width, dy.stride),
      };
    },
  };
}
