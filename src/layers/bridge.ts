import { ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import { type Parameter, uniform } from "../ops/initialise.ts";
import { linear } from "../ops/linear.ts";
import type { PlannedState, StateSpec } from "./layer.ts";

/** How a decoder's first states follow from its encoder's last states: see `encoderDecoder`. */
export type BridgeKind = "copy" | "dense" | "none";

/** One decoder state and its sources in the encoder: one state, or those of a layer's two directions side by side. */
interface BridgedState {
  /** Name of the state in the decoder: `rnn.h_l0`. */
  readonly name: string;
  /** Index of the state in the decoder. */
  readonly target: number;
  /** Indices of the source states in the encoder. */
  readonly sources: readonly number[];
  /** Width of the decoder's state. */
  readonly width: number;
  /** Width of the source states together. */
  readonly sourceWidth: number;
}

/** The connection of an encoder's states to a decoder's. */
export interface Bridge {
  readonly states: readonly BridgedState[];
  readonly isDense: boolean;
}

/** A bridge with its place in memory. */
export interface PlannedBridge {
  refresh(k: Kernels): void;
  /** Write the decoder's first states. */
  forward(k: Kernels, B: number): void;
  /** Add the gradients of the decoder's first states to the gradients of the encoder's last states. */
  backward(k: Kernels, B: number): void;
  gradients(k: Kernels, B: number): void;
}

/**
 * The bridge between the states of an encoder and a decoder, in order: layer by layer, state by state.
 *
 * @throws {ShapeError} When the numbers of states differ, or the widths of states that are to be copied.
 */
export function bridge(encoder: readonly StateSpec[], decoder: readonly StateSpec[], kind?: BridgeKind): Bridge {
  if (kind === "none") return { states: [], isDense: false };
  const groups = new Map<string, number[]>();
  encoder.forEach(({ name }, i) => {
    const layer = name.replace(/_reverse$/, "");
    groups.set(layer, [...groups.get(layer) ?? [], i]);
  });
  const list = (states: readonly StateSpec[]) => states.map(({ name, width }) => `${name} (${width})`).join(", ");
  const got = `the encoder's states are ${list(encoder) || "none"}, the decoder's ${list(decoder) || "none"}`;
  if (groups.size !== decoder.length) {
    throw new ShapeError(`Cannot join encoder and decoder: both must have as many layers and states; ${got}`);
  }
  const states = [...groups.values()].map((sources, target): BridgedState => {
    const { name, width } = decoder[target];
    const sourceWidth = sources.reduce((sum, i) => sum + encoder[i].width, 0);
    return { name: name.replace(/^decoder\./, ""), target, sources, width, sourceWidth };
  });
  const fits = states.every(({ width, sourceWidth }) => width === sourceWidth);
  if (kind === "copy" && !fits) {
    throw new ShapeError(`Cannot copy states: widths must be equal, two directions counting together; ${got}`);
  }
  return { states, isDense: kind === "dense" || !fits };
}

/** The parameters of a bridge, named after the decoder's states. */
export function bridgeParameters({ states, isDense }: Bridge, prefix: string): Record<string, Parameter> {
  const parameters: Record<string, Parameter> = {};
  for (const { name, width, sourceWidth } of isDense ? states : []) {
    const initial = uniform(1 / Math.sqrt(sourceWidth));
    parameters[`${prefix}${name}.weight`] = { shape: [width, sourceWidth], initial };
    parameters[`${prefix}${name}.bias`] = { shape: [width], initial };
  }
  return parameters;
}

/** Plan a bridge in memory. */
export function planBridge(
  scope: Scope,
  { states, isDense }: Bridge,
  encoder: readonly PlannedState[],
  decoder: readonly PlannedState[],
): PlannedBridge {
  const planned = states.map((state) => {
    const sources = state.sources.map((i) => encoder[i]), target = decoder[state.target];
    return isDense ? denseBridge(scope.within(`${state.name}.`), state, sources, target) : copyBridge(sources, target);
  });
  return {
    refresh: (k) => planned.forEach((state) => state.refresh(k)),
    forward: (k, B) => planned.forEach((state) => state.forward(k, B)),
    backward: (k, B) => planned.forEach((state) => state.backward(k, B)),
    gradients: (k, B) => planned.forEach((state) => state.gradients(k, B)),
  };
}

/** The block that holds the encoder's states side by side, and the block of their gradients: addresses for B rows. */
type Target = Pick<PlannedState, "stride" | "first"> & { readonly gradient: Pick<PlannedState["gradient"], "first"> };

/** s = [s1, s2].  Backward: [ds1, ds2] += ds */
function copyBridge(sources: readonly PlannedState[], { stride, first, gradient }: Target): PlannedBridge {
  /** Visit the encoder's states, each with the byte offset of its columns in the target. */
  function forEachSource(visit: (state: PlannedState, offset: number) => void): void {
    let column = 0;
    for (const state of sources) {
      visit(state, 4 * column);
      column += state.width;
    }
  }
  return {
    refresh() {},
    forward(k, B) {
      forEachSource((state, offset) => k.copy(first(B) + offset, state.last(), B, state.width, stride, state.stride));
    },
    backward(k, B) {
      forEachSource(({ width, stride: ld, gradient: { last } }, offset) =>
        k.add(last(), last(), gradient.first(B) + offset, B, width, ld, ld, stride)
      );
    },
    gradients() {},
  };
}

/** s = tanh([s1, s2] Wᵀ + b).  Backward: dz = ds (1 - s²),  [ds1, ds2] += dz W,  dW = dzᵀ [s1, s2],  db = sum of dz */
function denseBridge(
  scope: Scope,
  { width, sourceWidth }: BridgedState,
  sources: readonly PlannedState[],
  target: PlannedState,
): PlannedBridge {
  const { batch, train } = scope, bias = scope.parameter("bias");
  const x = scope.activation("input", batch, sourceWidth);
  const dx = train ? scope.activation("gradient of input", batch, sourceWidth) : x;
  const y = scope.activation("output", batch, width);
  const dz = train ? scope.activation("gradient of output", batch, width) : y;
  const matmul = linear(scope, scope.parameter("weight"), { bias: bias.value });
  const toInput = copyBridge(sources, {
    stride: x.stride,
    first: () => x.address,
    gradient: { first: () => dx.address },
  });
  return {
    refresh: (k) => matmul.refresh(k),
    forward(k, B) {
      toInput.forward(k, B);
      matmul.forward(k, y, 0, x, 0, B);
      k.tanh(y.address, y.address, B, width, y.stride, y.stride);
      k.copy(target.first(B), y.address, B, width, target.stride, y.stride);
    },
    backward(k, B) {
      k.tanhBackward(dz.address, target.gradient.first(B), y.address, B, width, dz.stride, target.stride, y.stride);
      matmul.backward(k, dx, 0, dz, 0, B);
      toInput.backward(k, B);
    },
    gradients: (k, B) => matmul.gradient(k, dz, 0, x, 0, B, bias.gradient),
  };
}
