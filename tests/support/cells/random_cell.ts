import { defineCell, type EquationsCell, type Expression, type StepFunctions } from "../../../cells.ts";
import { Generator } from "../../../src/random/generator.ts";

/**
 * A cell of random equations: up to three states and gates, a vector, a mask, a weight, a normalisation; some 12
 * operations on whatever is there. All functions are smooth, so central differences are right everywhere.
 */
export function randomCell(seed: number): EquationsCell {
  const random = new Generator(seed), pick = <Item>(items: readonly Item[]) => items[random.integer(items.length)];
  const gates = ["a", "b", "c"].slice(0, 1 + random.integer(3)),
    states = ["h", "s", "t"].slice(0, 1 + random.integer(3));
  const has = () => random.integer(3) === 0, [vector, mask, weight, norm] = [has(), has(), has(), has()];
  return defineCell(
    {
      name: `random-${seed}`,
      gates,
      states,
      bias: pick([true, false, "one"]),
      vectors: vector ? { v: {} } : {},
      masks: mask ? { m: 0.3 } : {},
      weights: weight ? { p: {} } : {},
      norms: norm ? { n: { values: 2 } } : {},
      step(inputs, f) {
        const all = inputs as unknown as Record<string, Expression> & Inputs, { x, W } = all;
        const values = [...gates.map((gate) => x[gate]), ...states.map((name) => all[name])];
        if (vector) values.push(all.v);
        if (mask) values.push(all.m);
        for (let i = 0; i < 12; i++) values.push(operation(pick, values, W, f));
        if (weight) values.push(all.p(pick(values)));
        if (norm) values.push(...all.n([pick(values), pick(values)]));
        // Every input and new value is used by some state; tanh keeps the states small.
        const ends = values.filter((value) => !values.some(({ args }) => args.includes(value)));
        const total = ends.concat(values.slice(0, gates.length)).reduce((sum, value) => sum.plus(f.tanh(value)));
        const rest = states.slice(1).map(() => pick(values));
        return Object.fromEntries(states.map((name, i) => [name, i ? f.tanh(rest[i - 1]) : f.tanh(total.times(0.3))]));
      },
    } as Parameters<typeof defineCell>[0],
  );
}

interface Inputs {
  readonly x: Record<string, Expression>;
  readonly W: Record<string, (value: Expression) => Expression>;
  p(value: Expression): Expression;
  n(values: readonly Expression[]): readonly Expression[];
}

function operation(
  pick: <Item>(items: readonly Item[]) => Item,
  values: readonly Expression[],
  W: Inputs["W"],
  f: StepFunctions,
): Expression {
  const a = pick(values), b = pick(values), c = pick(values);
  return pick([
    () => a.plus(b),
    () => a.minus(b),
    () => a.times(b),
    () => a.plus(b.times(c)),
    () => a.times(0.7),
    () => f.tanh(a).plus(0.5),
    () => f.oneMinus(a),
    () => f.sigmoid(a),
    () => f.tanh(a),
    () => f.softplus(a),
    () => f.exp(f.tanh(a)),
    () => f.multiplyAdd(f.tanh(a), b, c),
    () => a.divide(f.exp(f.tanh(b))),
    () => f.clamp(f.tanh(a), 3),
    () => f.activation(a, { name: "scaledTanh", alpha: 1.2, beta: 0.6 }),
    () => W[pick(Object.keys(W))](a),
    () => W[pick(Object.keys(W))](b),
  ])();
}
