import type { Cell } from "../cells/cell.ts";
import type { Scope } from "../memory/scope.ts";
import type { Port } from "../ops/port.ts";
import { projection } from "../ops/projection.ts";
import type { PlannedLayer, PlannedState } from "./layer.ts";

/**
 * One cell unrolled over T steps: forward in time, then back-propagation through time (Werbos 1990).
 *
 * States are `[T + 1, B, H]`, block 0 the initial state, so that the states before all steps are one block of rows and the
 * gradient of W_hh is one product over T * B rows; likewise the input projection and its gradients. The gradient of the output
 * has the same layout: the reader of output step t leaves it in block t + 1, and step t adds to block t.
 */
export function unroll(scope: Scope, cell: Cell, x: Port, H: number): PlannedLayer {
  const { batch, steps } = scope;
  const z = scope.kept("z", steps * batch, (cell.columns ?? cell.gates) * H);
  // The output keeps its history, being read by the next layer; other states only for backward.
  const slots = cell.states.map((name, i) => scope.states(name, H, i === 0));
  const gradients = cell.states.map((name, i) =>
    i === 0 ? scope.states(`gradient of ${name}`, H, false) : scope.kept(`gradient of ${name}`, batch, H)
  );
  const [h, dh] = [slots[0], gradients[0]];
  // The reader of the output overwrites dh, so a gradient of the last state has a place of its own until backward.
  const dhLast = scope.kept(`gradient of last ${cell.states[0]}`, batch, H);
  const planned = cell.plan({ scope, H, z, states: slots, gradients });
  const input = projection(scope, x, scope.parameter("weight_ih"), planned.bias);
  const dz = z.slice(0, cell.gates * H);
  const states: PlannedState[] = slots.map((slot, i) => ({
    name: scope.name(cell.states[i]),
    width: H,
    stride: slot.stride,
    step: (t, B) => slot.step(t, B),
    gradient: {
      stride: gradients[i].stride,
      last: () => i === 0 ? dhLast.address : gradients[i].address,
      first: (B) => gradients[i].step(0, B),
    },
  }));

  return {
    output: { kind: "values", width: H, value: h.outputs, gradient: dh.outputs },
    states,
    refresh(k) {
      planned.refresh(k);
      input.refresh(k); // may copy the bias that the cell has just summed
    },
    forward(k, { T, B }) {
      input.forward(k, z, T * B);
      for (let t = 0; t < T; t++) planned.forward(k, t, B);
    },
    backward(k, { T, B }) {
      k.add(dh.step(T, B), dh.step(T, B), dhLast.address, B, H, dh.stride, dh.stride, dhLast.stride);
      for (let t = T - 1; t >= 0; t--) planned.backward(k, t, B);
      input.backward(k, dz, T * B);
    },
    gradients(k, { T, B }) {
      planned.gradients(k, T, B);
      input.gradient(k, dz, T * B);
    },
  };
}
