import type { Kernels } from "../../kernels/kernels.ts";
import type { Scope } from "../../memory/scope.ts";
import type { Slot } from "../../memory/slot.ts";
import { type Nonlinearity, nonlinearity } from "../../ops/activation.ts";
import type { Block } from "./block.ts";
import type { Home, Work } from "./order.ts";
import type { Placed } from "./place.ts";

/** Kernel calls on the rows of step t, of which n are active; or from step 0 on, on n rows of all steps. */
export type Call = (k: Kernels, t: number, B: number, n: number) => void;

/** What calls need of their cell. */
export interface Binding {
  /** The numbers of limits and nonlinearities. */
  readonly constants: Constants;
  /** The block of a home, or of some neighbouring ones, which are one block. */
  block(home: Home, count?: number): Block;
  /** The gradient of the output before the step. */
  readonly accumulator: Home;
  /** The calls of a matmul or of a layer normalisation. */
  other(work: Work, sources: readonly Home[], result: Home | undefined): Call;
}

/** The works of a pass as kernel calls. Neighbours with one function are one call. */
export function calls({ works, results, sources }: Placed, binding: Binding): Call[] {
  const made: Call[] = [], { constants } = binding;
  for (let i = 0; i < works.length;) {
    const work = works[i], { kind, minus } = work, read = sources.get(work)!;
    const homes = [results.get(work)!, ...read];
    if (kind === "value" || kind === "store" || kind === "move") {
      const count = neighbours(works.slice(i), (work) => [results.get(work)!, ...sources.get(work)!]);
      const places = homes.map((home) => binding.block(home, count));
      const isCopy = kind !== "value" || work.value!.op === "multiplyAdd" && homes[0] !== homes[1];
      if (isCopy) made.push(copy(places[0], places[1]));
      if (kind === "value") made.push(valueCall(work, places, constants));
      i += count;
      continue;
    }
    i++;
    if (kind === "accumulate") {
      const to = binding.block(binding.accumulator), [a, b] = read.map((home) => binding.block(home));
      if (b) made.push(binary("multiplyAdd", to, a, b));
      else made.push(binary(minus ? "subtract" : "add", to, to, a));
    } else made.push(binding.other(work, read, results.get(work)));
  }
  return made;
}

/** How many works from the first on are one call: the same operation on blocks of z that follow each other. */
function neighbours(works: readonly Work[], homes: (work: Work) => readonly Home[]): number {
  const [first] = works, from = homes(first);
  if (first.kind !== "value" || first.fused || from.some(({ kind }) => kind !== "z")) return 1;
  let count = 1;
  for (; count < works.length; count++) {
    const { kind, value, fused } = works[count];
    if (kind !== "value" || fused || value!.op !== first.value!.op || value!.at !== first.value!.at) break;
    const next = homes(works[count]);
    if (!next.every((home, i) => home.kind === "z" && home.at === (from[i].at as number) + count)) break;
  }
  return count;
}

/** The numbers of limits and nonlinearities, in memory. */
export interface Constants {
  /** A limit. */
  limit(at: number | string): Slot;
  /** A nonlinearity. */
  activation(at: number | string): Nonlinearity;
}

/** The numbers of limits and nonlinearities, each once. */
export function constantsOf(scope: Scope): Constants {
  const limits = new Map<number | string, Slot>(), activations = new Map<number | string, Nonlinearity>();
  return {
    limit(at) {
      const known = limits.get(at) ?? scope.constant("limit", [Number(at)]);
      limits.set(at, known);
      return known;
    },
    activation(at) {
      const known = activations.get(at) ?? nonlinearity(scope, JSON.parse(at as string));
      activations.set(at, known);
      return known;
    },
  };
}

function valueCall({ value, fused }: Work, [y, a, b, c]: readonly Block[], constants: Constants): Call {
  const { op, at: which } = value!, { columns } = y;
  switch (op) {
    case "add":
      return fused ? binary("multiplyAdd", y, b, c) : binary("add", y, a, b);
    case "multiplyAdd":
      return binary("multiplyAdd", y, b, c);
    case "exp":
      return (k, t, B, n) => k.exp(y.at(t, B), a.at(t, B), n, columns, y.stride, a.stride);
    case "clamp": {
      const limit = constants.limit(which);
      return (k, t, B, n) => k.clamp(y.at(t, B), a.at(t, B), limit.address, n, columns, y.stride, a.stride);
    }
    case "clampBackward": {
      const limit = constants.limit(which);
      return (k, t, B, n) =>
        k.clampBackward(y.at(t, B), a.at(t, B), b.at(t, B), limit.address, n, columns, y.stride, a.stride, b.stride);
    }
    case "activation": {
      const f = constants.activation(which);
      return (k, t, B, n) => f.forward(k, y.at(t, B), a.at(t, B), n, columns, y.stride, a.stride);
    }
    case "activationBackward": {
      const f = constants.activation(which), result = b ?? a, argument = c ?? result;
      return (k, t, B, n) =>
        f.backward(
          k,
          y.at(t, B),
          a.at(t, B),
          argument.at(t, B),
          result.at(t, B),
          n,
          columns,
          y.stride,
          a.stride,
          argument.stride,
          result.stride,
        );
    }
    default:
      return binary(op as Binary, y, a, b);
  }
}

type Binary = "add" | "subtract" | "multiply" | "multiplyAdd" | "divide";

function binary(kernel: Binary, y: Block, a: Block, b: Block): Call {
  const { columns } = y;
  return (k, t, B, n) => k[kernel](y.at(t, B), a.at(t, B), b.at(t, B), n, columns, y.stride, a.stride, b.stride);
}

/** y = x */
export function copy(y: Block, x: Block): Call {
  const { columns } = y;
  return (k, t, B, n) => k.copy(y.at(t, B), x.at(t, B), n, columns, y.stride, x.stride);
}
