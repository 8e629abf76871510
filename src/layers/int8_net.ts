import type { Layer } from "./layer.ts";

/** The net with int8 weights in its matmuls. It runs forward, and is not trained. */
export function int8Net(net: Layer): Layer {
  return { ...net, plan: (scope, ...values) => net.plan(scope.int8(), ...values) };
}
