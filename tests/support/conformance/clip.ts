import { type Clip, crossEntropy, type Layer, sgd, type Shape } from "../../../mod.ts";
import type { Case, CaseTensors } from "./read_cases.ts";
import { type Arithmetic, type Result, sessionOn } from "./kind.ts";

/** A training step whose gradients are g0, g1, ... of the case, and how it clips them. */
export async function clipped(test: Case, arithmetic: Arithmetic, clip: Clip): Promise<Result[]> {
  const { tolerance } = test, tensors = test.tensors();
  using session = await sessionOn(arithmetic, givenGradients(tensors), {
    batch: 1,
    steps: 1,
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0 }),
    clip,
  });
  // One class: the loss is 0, whatever comes.
  const { gradientNorm } = session.step({ x: [0], y: [0] });
  const compare = (name: string, got: ArrayLike<number>): Result => {
    return { name, arithmetic, got, want: tensors.floats(name), tolerance };
  };
  const results = [...session.gradients()].map(([name, { data }]) => compare(`clipped.${name}`, data));
  return tensors.has("total_norm") ? [...results, compare("total_norm", [gradientNorm])] : results;
}

/** A layer that passes its input on and has parameters whose gradients are the tensors of these names. */
function givenGradients(tensors: CaseTensors): Layer {
  const names = tensors.names().filter((name) => /^g\d+$/.test(name));
  const shapes: [name: string, shape: Shape][] = names.map((name) => [name, tensors.shape(name)]);
  return {
    input: { kind: "values", width: 1 },
    output: { kind: "values", width: 1 },
    parameters: Object.fromEntries(shapes.map(([name, shape]) => [name, { shape, initial() {} }])),
    plan(scope, x) {
      const parts = names.map((name) => {
        return { ...scope.parameter(name), given: scope.constant(`given ${name}`, [...tensors.floats(name)]) };
      });
      return {
        output: x,
        states: [],
        refresh() {},
        forward() {},
        backward() {},
        gradients(k) {
          for (const { gradient: { address }, given, size } of parts) {
            k.add(address, address, given.address, 1, size, size, size, size);
          }
        },
      };
    },
  };
}
