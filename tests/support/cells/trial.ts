/**
 * One pass of a net over seeded data, its results by name, and their comparison bit for bit.
 *
 * Rows and steps of data and results can be selected: `[T, B, ...]` tensors are T blocks of B rows, states are one
 * block.
 */
import { assertEquals } from "@std/assert";
import type { CallOptions, InitialStates, Layer, Session, States } from "../../../mod.ts";
import { Generator } from "../../../src/random/generator.ts";

/** T steps of B rows. */
export interface Shape {
  readonly T: number;
  readonly B: number;
}

/** The inputs of a forward and backward pass. */
export interface Data {
  readonly x: Float32Array;
  readonly states: States;
  readonly dOutput: Float32Array;
  readonly dStates: States;
}

/** The inputs of a pass with any initial states. */
export type Start = Omit<Data, "states"> & { readonly states: InitialStates };

/** The results of a pass by name. The names of parameter gradients begin with "gradient". */
export type Results = Record<string, Float32Array>;

/** Seeded data for a net: tokens, or numbers in [-1, 1). */
export function draw(net: Layer, { T, B }: Shape, seed: number): Data {
  const random = new Generator(seed), { kind, width } = net.input;
  const numbers = (n: number) => Float32Array.from({ length: n }, () => 2 * random.uniform() - 1);
  const states = () => Object.fromEntries((net.states ?? []).map(({ name, width }) => [name, numbers(B * width)]));
  const x = kind === "values"
    ? numbers(T * B * width)
    : Float32Array.from({ length: T * B }, () => random.integer(width));
  return {
    x,
    states: states(),
    dOutput: numbers((net.output.steps === "one" ? 1 : T) * B * net.output.width),
    dStates: states(),
  };
}

/** Options of a pass. */
export type PassOptions = Pick<CallOptions, "lengths"> & { training?: boolean };

/** Forward only: the outputs and the last states. */
export function forward(
  session: Session,
  { x, states }: Pick<Start, "x" | "states">,
  batch: number,
  options: PassOptions = {},
): Results {
  const output = session.forward(x, { batch, states, ...options });
  return { output, ...named("last", session.states()) };
}

/** Forward and backward: also the gradients of x (if values), of the first states and of the parameters. */
export function pass(session: Session, data: Start, batch: number, options: PassOptions = {}): Results {
  const results = forward(session, data, batch, options);
  const { dx, dStates } = session.backward(data.dOutput, data.dStates);
  const gradients = [...session.gradients()].map(([name, { data }]) => [name, data] as const);
  return {
    ...results,
    ...(dx && { dx }),
    ...named("d", dStates),
    ...named("gradient", Object.fromEntries(gradients)),
  };
}

/** Some rows of every step of data, in the order given. */
export function dataRows({ x, states, dOutput, dStates }: Data, shape: Shape, rows: readonly number[]): Data {
  const block = { T: 1, B: shape.B };
  const stateRows = (all: States) =>
    Object.fromEntries(Object.entries(all).map(([name, data]) => [name, take(data, block, rows)]));
  return {
    x: take(x, shape, rows),
    states: stateRows(states),
    dOutput: take(dOutput, shape, rows),
    dStates: stateRows(dStates),
  };
}

/** Some rows of every step of all results but the parameter gradients. */
export function resultRows(results: Results, { T, B }: Shape, rows: readonly number[]): Results {
  const byRow = Object.entries(results).filter(([name]) => !name.startsWith("gradient"));
  return Object.fromEntries(byRow.map(([name, data]) => {
    const blocks = name === "output" || name === "dx" ? T : 1;
    return [name, take(data, { T: blocks, B }, rows)];
  }));
}

/** Steps from `from` to before `to` of a `[T, B, ...]` tensor. */
export function steps(data: Float32Array, T: number, from: number, to: number): Float32Array {
  const perStep = data.length / T;
  return data.subarray(from * perStep, to * perStep);
}

/** Asserts equal names and equal bits. */
export function assertSame(got: Results, want: Results, what: string): void {
  assertEquals(Object.keys(got).toSorted(), Object.keys(want).toSorted(), what);
  for (const name in want) {
    const a = bits(got[name]), b = bits(want[name]);
    assertEquals(a.length, b.length, `${what}: length of ${name}`);
    const at = a.findIndex((word, i) => word !== b[i]);
    if (at >= 0) {
      throw new Error(`${what}: ${name}[${at}] of ${a.length} is ${got[name][at]}, expected ${want[name][at]}`);
    }
  }
}

/** Every number from 0 to n - 1. */
export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

function named(prefix: string, tensors: Results): Results {
  return Object.fromEntries(Object.entries(tensors).map(([name, data]) => [`${prefix} ${name}`, data]));
}

function take(data: Float32Array, { T, B }: Shape, rows: readonly number[]): Float32Array {
  const width = data.length / (T * B);
  const taken = new Float32Array(T * rows.length * width);
  for (let t = 0; t < T; t++) {
    rows.forEach((row, i) => {
      const from = (t * B + row) * width;
      taken.set(data.subarray(from, from + width), (t * rows.length + i) * width);
    });
  }
  return taken;
}

function bits(data: Float32Array): Int32Array {
  return new Int32Array(data.buffer, data.byteOffset, data.length);
}
