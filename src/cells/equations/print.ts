import { derive } from "./derive.ts";
import { type Expression, inOrder } from "./expression.ts";
import type { Equations } from "./trace.ts";

/** The equations of a cell as the lecture notes print them, forward and backward. h' is h before the step. */
export function printEquations(equations: Equations): string {
  const { nodes, outputs, states, gates, products } = equations, { gradients, works } = derive(equations);
  const outputShares = works.filter(({ kind }) => kind === "accumulate");
  const stateNames = Object.keys(states);
  const names = new Map<Expression, string>(), taken = new Set([...stateNames, ...Object.keys(equations.vectors)]);
  const name = (e: Expression, wanted: string): string => {
    let own = wanted;
    while (taken.has(own)) own += "~";
    taken.add(own);
    names.set(e, own);
    return own;
  };
  outputs.forEach((e, i) => names.has(e) || names.set(e, stateNames[i]));
  const backward = inOrder([...gradients.values(), ...outputShares.map(({ value }) => value!)]).filter((e) =>
    !nodes.includes(e)
  );
  const users = (e: Expression) => [...nodes, ...backward].filter(({ args }) => args.includes(e));
  // A gate is the nonlinearity of its input.
  for (const e of nodes) {
    if (names.has(e)) continue;
    const gate = e.op === "activation" && inputOf(e);
    if (gate) name(e, gate.at as string);
    else if (e.op === "norm") name(e, e.at as string);
    else if (isNamed(e) && users(e).filter((user) => nodes.includes(user)).length > 1) name(e, `s${e.id}`);
  }

  /** The input of a gate that a value is made of, if no other line is between. */
  function inputOf(e: Expression): Expression | undefined {
    if (e.op === "x") return e;
    if (e.op === "part") return inputOf(e.args[0].args[Number(e.at)]);
    for (const arg of e.args) {
      const found = names.has(arg) ? undefined : inputOf(arg);
      if (found) return found;
    }
  }

  /** `level`: 0 a sum, 1 a product, 2 a single term. */
  const text = (e: Expression, level = 0, whole = false): string => {
    const known = names.get(e), [a, b, c] = e.args;
    if (known && !whole) return known;
    const wrap = (own: number, words: string) => own < level ? `(${words})` : words;
    const sum = (sign: string, second: string) => wrap(0, `${text(a)} ${sign} ${second}`);
    const product = (first: Expression, second: Expression) => `${text(first, 1)} ${text(second, 2)}`;
    const f = e.op.startsWith("activation") ? JSON.parse(e.at as string) : undefined;
    switch (e.op) {
      case "x":
        return wrap(0, `x U_${e.at}${equations.bias ? ` + b_${e.at}` : ""}`);
      case "state":
        return `${e.at}'`;
      case "vector":
      case "mask":
        return `${e.at}`.replace(" ", "_");
      case "recurrent":
        return wrap(1, `${text(a, 2)} W_${e.at}`);
      case "weight":
        return wrap(1, `${text(a, 2)} ${e.at}`);
      case "norm":
        return `${e.at}(${e.args.map((arg) => text(arg)).join(", ")})`;
      case "part":
        return `${text(a)}_${e.at}`;
      case "add":
        return sum("+", text(b));
      case "subtract":
        return sum("-", text(b, 1));
      case "multiply":
        return wrap(1, product(a, b));
      case "multiplyAdd":
        return sum("+", product(b, c));
      case "divide":
        return wrap(1, `${text(a, 1)} / ${text(b, 2)}`);
      case "activation":
        if (f.name === "affine") return affine(f.alpha, f.beta, text(a, 2), level);
        return `${f.name}(${text(a)})`;
      case "exp":
        return `exp(${text(a)})`;
      case "clamp":
        return `clamp(${text(a)}, ${e.at})`;
      case "seed":
        return `d${e.at}`;
      case "activationBackward":
        return wrap(1, `${text(a, 1)}${slope(f, b && text(b, 2), c && text(c))}`);
      case "clampBackward":
        return wrap(1, `${text(a, 1)} [|${text(b)}| <= ${e.at}]`);
      case "productBackward": {
        const { weight, results, args } = products[Number.parseInt(`${e.at}`)];
        if (results[0].op === "part") return `the gradient of ${text(args[Number(`${e.at}`.split(" ")[1])])}`;
        return wrap(0, e.args.map((d, i) => `${text(d, 1)} ${weight ?? `W_${results[i].at}`}ᵀ`).join(" + "));
      }
    }
  };

  const lines = nodes.filter((e) => names.has(e)).map((e) => `${names.get(e)} = ${text(e, 0, true)}`),
    back: string[] = [];
  outputs.forEach((e, i) => names.get(e) !== stateNames[i] && lines.push(`${stateNames[i]} = ${names.get(e)}`));
  const line = (to: string, e: Expression) => {
    const sum = text(e, 0, !names.has(e) || names.get(e) === to);
    back.push(sum.startsWith(`${to} + `) ? `${to} += ${sum.slice(to.length + 3)}` : `${to} = ${sum}`);
    if (!names.has(e)) names.set(e, to);
  };
  for (const e of backward) {
    const isInput = nodes.find((node) => (node.op === "x" || node.op === "recurrent") && gradients.get(node) === e);
    if (isInput) line(names.get(e) ?? name(e, `dz_${isInput.at}`), e);
    else if (isNamed(e) && users(e).length > 1) line(name(e, gradientName(e)), e);
  }
  const shares = outputShares.map(({ value, minus }) => `${minus ? "- " : "+ "}${text(value!, minus ? 1 : 0)}`);
  const own = products.flatMap(({ weight, args: [{ op, at }], results }) =>
    !weight && op === "state" && at === stateNames[0]
      ? results.map((e) => `+ ${text(gradients.get(e)!, 1)} W_${e.at}ᵀ`)
      : []
  );
  for (const e of nodes) {
    const d = gradients.get(e);
    if (d && e.op === "state") back.push(`d${e.at}' = ${text(d)}`);
    if (d && e.op === "vector") back.push(`d${text(e)} = sum of ${text(d)}`);
  }
  back.push(`d${stateNames[0]}' = ${[...shares, ...own].join(" ").replace(/^\+ /, "") || 0}`);
  for (const gate of gates) {
    const x = nodes.find(({ op, at }) => op === "x" && at === gate)!;
    back.push(`dU_${gate} = sum of xᵀ ${text(gradients.get(x)!, 1)}`);
  }
  for (const { weight, args: [argument], results } of products) {
    for (const e of results) {
      if (e.op === "part") continue;
      back.push(`d${weight ?? `W_${e.at}`} = sum of ${text(argument, 2)}ᵀ ${text(gradients.get(e)!, 1)}`);
    }
  }
  return `${equations.name}\n\n${[...lines, "", ...back].join("\n")}\n`;

  function gradientName(d: Expression): string {
    const of = nodes.find((e) => gradients.get(e) === d && names.has(e));
    return of ? `d${names.get(of)}` : `t${d.id}`;
  }
}

/** Whether a value can be a line of its own. */
const isNamed = ({ op }: Expression) => !["x", "state", "vector", "mask", "seed", "recurrent", "part"].includes(op);

/** alpha x + beta */
function affine(alpha: number, beta: number, x: string, level: number): string {
  const sign = alpha < 0 ? "- " : "+ ", size = Math.abs(alpha) === 1 ? x : `${Math.abs(alpha)} ${x}`;
  const sum = beta ? `${beta} ${sign}${size}` : `${alpha < 0 ? "-" : ""}${size}`;
  return level > (beta || alpha < 0 ? 0 : 1) ? `(${sum})` : sum;
}

/** f'(x), from f(x) or x. */
function slope(f: { readonly name: string; readonly alpha?: number }, y: string, x: string | undefined): string {
  if (f.name === "sigmoid") return ` ${y} (1 - ${y})`;
  if (f.name === "tanh") return ` (1 - ${y}²)`;
  if (f.name === "relu") return ` [${y} > 0]`;
  if (f.name === "affine") return f.alpha === 1 ? "" : ` ${f.alpha! < 0 ? `(${f.alpha})` : f.alpha}`;
  return f.name === "identity" ? "" : ` ${f.name}'(${x})`;
}
