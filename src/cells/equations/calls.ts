import type { Kernels } from "../../kernels/kernels.ts";
import type { Scope } from "../../memory/scope.ts";
import { nonlinearity } from "../../ops/activation.ts";
import type { Block } from "./block.ts";
import type { Expression, Width } from "./expression.ts";
import type { Home } from "./order.ts";
import { index, type Placed, type PlacedWork } from "./place.ts";

/** Kernel calls on the rows of step t, of which n are active; or from step 0 on, on n rows of all steps. */
export type Call = (k: Kernels, t: number, B: number, n: number) => void;

/** What calls need of their cell. */
export interface Binding {
  /** Places the numbers of limits and nonlinearities. */
  readonly scope: Scope;
  /** The block of a home, or of some neighbouring ones, which are one block. */
  block(home: Home, width: Width, count?: number): Block;
  /** The calls of a product, or of the sum of a vector's gradient. */
  other(work: PlacedWork): Call;
}

/** The works of a pass as kernel calls. Neighbours with one function are one call. */
export function calls({ works }: Placed, { block, scope, other }: Binding): Call[] {
  const made: Call[] = [], homes = ({ to, from }: PlacedWork) => [to!, ...from];
  for (let i = 0; i < works.length; i++) {
    const work = works[i], { kind, value, minus, reads } = work, all = homes(work);
    // Whether a work is the same operation on the next blocks of z.
    const follows = (next: PlacedWork | undefined, count: number) =>
      next?.kind === "value" && !work.isFused && !next.isFused && next.value!.op === value!.op &&
      next.value!.at === value!.at &&
      homes(next).every((home, i) => all[i][0] === "z" && home === `z ${index(all[i]) + count}`);
    if (kind === "accumulate") {
      const [to, a, b = a] = ["outputGradient 0" as const, ...all.slice(1)].map((home) => block(home, reads[0].width));
      made.push(reads[1] ? call("multiplyAdd", to, a, b) : call(minus ? "subtract" : "add", to, to, a));
    } else if (kind === "value" || kind === "store") {
      let count = 1;
      while (kind === "value" && follows(works[i + count], count)) count++;
      const [y, a, b, c] = all.map((home) => block(home, reads[0].width, count)), { isFused } = work, { op } = value!;
      const isSum = op === "multiplyAdd";
      if (kind === "store" || isSum && all[0] !== all[1]) made.push(call("copy", y, a));
      if (kind === "value") {
        made.push(isSum || isFused ? call("multiplyAdd", y, b, c) : valueCall(value!, scope, y, a, b, c));
      }
      i += count - 1;
    } else made.push(other(work));
  }
  return made;
}

function valueCall(
  { op, at }: Expression,
  scope: Scope,
  y: Block,
  a: Block,
  b: Block,
  c: Block,
): Call {
  const { columns } = y;
  if (op === "activation") {
    const f = nonlinearity(scope, JSON.parse(at as string));
    return (k, t, B, n) => f.forward(k, y.at(t, B), a.at(t, B), n, columns, y.stride, a.stride);
  }
  if (op === "activationBackward") {
    const f = nonlinearity(scope, JSON.parse(at as string)), result = b ?? a, argument = c ?? result;
    return (k, t, B, n) => {
      const to = y.at(t, B), d = a.at(t, B);
      const from = argument.at(t, B), end = result.at(t, B);
      f.backward(k, to, d, from, end, n, columns, y.stride, a.stride, argument.stride, result.stride);
    };
  }
  if (op === "clamp") {
    const limit = scope.constant("limit", [at as number]);
    return (k, t, B, n) => k.clamp(y.at(t, B), a.at(t, B), limit.address, n, columns, y.stride, a.stride);
  }
  if (op === "clampBackward") {
    const limit = scope.constant("limit", [at as number]);
    return (k, t, B, n) => {
      const to = y.at(t, B), d = a.at(t, B), from = b.at(t, B);
      k.clampBackward(to, d, from, limit.address, n, columns, y.stride, a.stride, b.stride);
    };
  }
  return call(op as Plain, y, a, b);
}

type Unary = "copy" | "exp";
type Plain = Unary | "add" | "subtract" | "multiply" | "multiplyAdd" | "divide";

/** One kernel on blocks. */
function call(kernel: Plain, y: Block, a: Block, b?: Block): Call {
  const { columns } = y;
  if (!b) return (k, t, B, n) => k[kernel as Unary](y.at(t, B), a.at(t, B), n, columns, y.stride, a.stride);
  return (k, t, B, n) =>
    k[kernel as "add"](y.at(t, B), a.at(t, B), b.at(t, B), n, columns, y.stride, a.stride, b.stride);
}

/** y = x */
export const copy = (y: Block, x: Block): Call => call("copy", y, x);
