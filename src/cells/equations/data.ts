import type { Equations, Parts } from "./trace.ts";

/** One expression: its operation, which one, and the numbers of the expressions that it reads. */
export type NodeData = readonly [op: string, at: unknown, ...args: number[]];

/** The equations of a cell as plain data: its parts, and its expressions in the order of writing. */
export interface EquationsData extends Parts {
  /** The expressions. */
  readonly nodes: readonly NodeData[];
  /** The numbers of the states after the step. */
  readonly outputs: readonly number[];
}

/** The equations as plain data that JSON can hold. Initial values of parameters are not part of them. */
export function equationsData(equations: Equations): EquationsData {
  const { name, gates, states, bias, weightNames, vectors, weights, norms, masks, nodes, outputs } = equations;
  const plain = <Part>(record: Readonly<Record<string, Part>>): Record<string, Part> => {
    const isInitial = (key: string) => key.startsWith("initial");
    return JSON.parse(JSON.stringify(record, (key, value) => isInitial(key) ? undefined : value));
  };
  return {
    name,
    gates,
    states,
    bias,
    weightNames,
    vectors: plain(vectors),
    weights: plain(weights),
    norms: plain(norms),
    masks,
    nodes: nodes.map(({ op, at, args }) => {
      return [op, op === "activation" ? JSON.parse(at as string) : at, ...args.map((arg) => nodes.indexOf(arg))];
    }),
    outputs: outputs.map((e) => nodes.indexOf(e)),
  };
}
