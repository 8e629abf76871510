import type { Layer, Session } from "../../../mod.ts";

/**
 * A layer whose output is one row of all its parameters, vectors of these sizes. The gradient of the output is the
 * gradient of the parameters.
 */
export function parametersAsOutput(sizes: Readonly<Record<string, number>>): Layer {
  const names = Object.keys(sizes), width = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  return {
    input: { kind: "values", width: 1 },
    output: { kind: "values", width },
    parameters: Object.fromEntries(names.map((name) => [name, { shape: [sizes[name]], initial() {} }])),
    plan(scope) {
      const y = scope.activation("output", 1, width), dy = scope.activation("gradient of output", 1, width);
      let at = 0;
      const parts = names.map((name) => {
        const { value, gradient, size } = scope.parameter(name), offset = at;
        at += 4 * size;
        return { value, gradient, size, offset };
      });
      return {
        output: { kind: "values", width, value: y, gradient: dy },
        states: [],
        refresh() {},
        forward(k) {
          for (const { value, size, offset } of parts) k.copy(y.address + offset, value.address, 1, size, size, size);
        },
        backward() {},
        gradients(k) {
          for (const { gradient: { address }, size, offset } of parts) {
            k.add(address, address, dy.address + offset, 1, size, size, size, size);
          }
        },
      };
    },
  };
}

/** Updates the parameters with these gradients, one after the other in one array. */
export function updateWith(session: Session, gradients: ArrayLike<number>) {
  session.forward([0]);
  session.backward(gradients);
  return session.update();
}
