import { ShapeError } from "../errors.ts";
import type { Kernels } from "../kernels/kernels.ts";
import type { Scope } from "../memory/scope.ts";
import { type Parameter, uniform } from "../ops/initialise.ts";
import { linear } from "../ops/linear.ts";
import type { PlannedState, StateSpec } from "./layer.ts";

/** How a decoder's first states come from its encoder's last ones: see `encoderDecoder`. */
export type BridgeKind = "copy" | "dense" | "none";

/** One of a decoder's states, and those of the encoder that it comes from: one, or a layer's two directions side by side. */
interface Strand {
  /** Its name in the decoder: `rnn.h_l0`. */
  readonly name: string;
  /** Its number, and those of the encoder's. */
  readonly to: number;
  readonly from: readonly number[];
  /** Its width, and that of the encoder's together. */
  readonly rows: number;
  readonly columns: number;
}

/** What is between an encoder and a decoder. */
export interface Bridge {
  readonly strands: readonly Strand[];
  readonly isDense: boolean;
}

/** A bridge with its place in memory. */
export interface PlannedBridge {
  refresh(k: Kernels): void;
  /** Write the decoder's first states. */
  forward(k: Kernels, B: number): void;
  /** Add the gradients of the decoder's first states to those of the encoder's last ones. */
  backward(k: Kernels, B: number): void;
  gradients(k: Kernels, B: number): void;
}

/**
 * The bridge between the states of an encoder and a decoder, in order: layer by layer, state by state.
 *
 * @throws {ShapeError} When they do not have as many, or widths differ where states are to be copied.
 */
export function bridge(encoder: readonly StateSpec[], decoder: readonly StateSpec[], kind?: BridgeKind): Bridge {
  if (kind === "none") return { strands: [], isDense: false };
  const groups = new Map<string, number[]>();
  encoder.forEach(({ name }, i) => {
    const layer = name.replace(/_reverse$/, "");
    groups.set(layer, [...groups.get(layer) ?? [], i]);
  });
  const list = (states: readonly StateSpec[]) =>
    states.map(({ name, width }) => `${name} (${width})`).join(", ") || "none";
  const state = `the encoder's states are ${list(encoder)}, the decoder's ${list(decoder)}`;
  if (groups.size !== decoder.length) {
    throw new ShapeError(`Cannot join encoder and decoder: both must have as many layers and states; ${state}`);
  }
  const strands = [...groups.values()].map((from, to): Strand => {
    const { name, width: rows } = decoder[to], columns = from.reduce((sum, i) => sum + encoder[i].width, 0);
    return { name: name.replace(/^decoder\./, ""), to, from, rows, columns };
  });
  const fits = strands.every(({ rows, columns }) => rows === columns);
  if (kind === "copy" && !fits) {
    throw new ShapeError(`Cannot copy states: widths must be equal, two directions counting together; ${state}`);
  }
  return { strands, isDense: kind === "dense" || !fits };
}

/** What a bridge trains, by the decoder's names. */
export function bridgeParameters({ strands, isDense }: Bridge, prefix: string): Record<string, Parameter> {
  const parameters: Record<string, Parameter> = {};
  for (const { name, rows, columns } of isDense ? strands : []) {
    const initial = uniform(1 / Math.sqrt(columns));
    parameters[`${prefix}${name}.weight`] = { shape: [rows, columns], initial };
    parameters[`${prefix}${name}.bias`] = { shape: [rows], initial };
  }
  return parameters;
}

/** The bridge in memory. */
export function planBridge(
  scope: Scope,
  { strands, isDense }: Bridge,
  encoder: readonly PlannedState[],
  decoder: readonly PlannedState[],
): PlannedBridge {
  const planned = strands.map((strand) => {
    const from = strand.from.map((i) => encoder[i]), to = decoder[strand.to];
    return isDense ? dense(scope.within(`${strand.name}.`), strand, from, to) : copied(from, to);
  });
  return {
    refresh: (k) => planned.forEach((strand) => strand.refresh(k)),
    forward: (k, B) => planned.forEach((strand) => strand.forward(k, B)),
    backward: (k, B) => planned.forEach((strand) => strand.backward(k, B)),
    gradients: (k, B) => planned.forEach((strand) => strand.gradients(k, B)),
  };
}

/** Where the encoder's states are put side by side, and their gradients found: addresses for B rows. */
type Place = Pick<PlannedState, "stride" | "first"> & { readonly gradient: Pick<PlannedState["gradient"], "first"> };

/** s = [s1, s2], the gradients the same way back. */
function copied(from: readonly PlannedState[], { stride, first, gradient }: Place): PlannedBridge {
  /** The encoder's states, and the columns where they are. */
  function each(visit: (state: PlannedState, offset: number) => void): void {
    let offset = 0;
    for (const state of from) {
      visit(state, 4 * offset);
      offset += state.width;
    }
  }
  return {
    refresh() {},
    forward(k, B) {
      each((state, offset) => k.copy(first(B) + offset, state.last(), B, state.width, stride, state.stride));
    },
    backward(k, B) {
      each(({ width, stride: ld, gradient: { last } }, offset) =>
        k.add(last(), last(), gradient.first(B) + offset, B, width, ld, ld, stride)
      );
    },
    gradients() {},
  };
}

/** s = tanh([s1, s2] Wᵀ + b).  Backward: dz = ds (1 - s²),  [ds1, ds2] = dz W,  dW = dzᵀ [s1, s2],  db = sum of dz */
function dense(
  scope: Scope,
  { rows, columns }: Strand,
  from: readonly PlannedState[],
  to: PlannedState,
): PlannedBridge {
  const { batch, train } = scope, bias = scope.parameter("bias");
  const x = scope.activation("input", batch, columns),
    dx = train ? scope.activation("gradient of input", batch, columns) : x;
  const y = scope.activation("output", batch, rows),
    dz = train ? scope.activation("gradient of output", batch, rows) : y;
  const product = linear(scope, scope.parameter("weight"), { bias: bias.value });
  const given = copied(from, { stride: x.stride, first: () => x.address, gradient: { first: () => dx.address } });
  return {
    refresh: (k) => product.refresh(k),
    forward(k, B) {
      given.forward(k, B);
      product.forward(k, y, 0, x, 0, B);
      k.tanh(y.address, y.address, B, rows, y.stride, y.stride);
      k.copy(to.first(B), y.address, B, rows, to.stride, y.stride);
    },
    backward(k, B) {
      k.tanhBackward(dz.address, to.gradient.first(B), y.address, B, rows, dz.stride, to.stride, y.stride);
      product.backward(k, dx, 0, dz, 0, B);
      given.backward(k, B);
    },
    gradients: (k, B) => product.gradient(k, dz, 0, x, 0, B, bias.gradient),
  };
}
