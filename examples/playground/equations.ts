/** Equations as the lecture notes write them, made a cell. They are read by a small grammar; nothing is run as code. */
import { defineCell, type DefinedCell, type Expression, type StepFunctions } from "@unroll/rnn/cells";

/** The GRU of the lecture notes. */
export const NOTES_GRU = `z = sigmoid(x U^z + h W^z)
r = sigmoid(x U^r + h W^r)
c = tanh(x U^c + (r h) W^c)
h = (1 - z) h + z c`;

/** What an equation reads: inputs and products by gate, values by name. */
interface Scope {
  readonly x: Readonly<Record<string, Expression>>;
  readonly W: Readonly<Record<string, (value: Expression) => Expression>>;
  readonly values: Map<string, Expression>;
  readonly functions: StepFunctions;
}

type Value = Expression | number | "x";
type Term = (scope: Scope) => Value;

const FUNCTIONS = ["sigmoid", "tanh", "relu", "softsign", "softplus", "elu", "hardSigmoid", "exp"] as const;
const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_]\w*)(?:\^(\w+))?|([-+*/(),=])|(\S))/y;

interface Token {
  readonly text: string;
  readonly number?: number;
  readonly name?: string;
  readonly gate?: string;
}

/**
 * The cell of some equations, one a line. A name that is read before its line is a state; the last line is the output.
 *
 * @throws {SyntaxError} When a line is no equation; the message has its number.
 * @throws {OptionError} When the equations are not those of a cell.
 */
export function parseCell(text: string): DefinedCell {
  const gates = new Set<string>(), read = new Set<string>(), states = new Set<string>(), assigned = new Set<string>();
  const equations = text.split("\n").flatMap((line, i) => {
    if (!line.trim()) return [];
    const { name, term } = new Line(line, i + 1, gates, read).equation();
    if (read.has(name) && !assigned.has(name)) states.add(name);
    assigned.add(name);
    return [{ name, term, line: i + 1 }];
  });
  const output = equations.at(-1)?.name;
  if (!output) throw new SyntaxError("Line 1: expected an equation, got nothing");
  const unknown = [...read].find((name) => !assigned.has(name));
  if (unknown) throw new SyntaxError(`"${unknown}" is read, but no line says what it is`);
  if (!gates.size) throw new SyntaxError("Line 1: expected x with a weight, as in x U^z; x needs a weight");
  const names = [output, ...[...states].filter((name) => name !== output)];
  return defineCell({
    name: "equations",
    gates: [...gates],
    states: names,
    bias: "one",
    step(inputs, functions) {
      const { x, W, ...before } = inputs, values = new Map<string, Expression>(Object.entries(before));
      const scope = { x, W, values, functions };
      for (const { name, term, line } of equations) values.set(name, expression(term(scope), line));
      return Object.fromEntries(names.map((name) => [name, values.get(name)!]));
    },
  });
}

function expression(value: Value, line: number): Expression {
  if (typeof value === "object") return value;
  throw new SyntaxError(`Line ${line}: expected a value of the step, got ${value}; x needs a weight, as in x U^z`);
}

/** One line, read from left to right. */
class Line {
  readonly #tokens: Token[] = [];
  #next = 0;

  constructor(text: string, readonly number: number, readonly gates: Set<string>, readonly read: Set<string>) {
    for (TOKEN.lastIndex = 0; TOKEN.lastIndex < text.trimEnd().length;) {
      const [, digits, name, gate, sign, other] = TOKEN.exec(text)!;
      this.#tokens.push({
        text: digits ?? name ?? sign ?? other,
        number: digits ? Number(digits) : undefined,
        name,
        gate,
      });
    }
  }

  equation(): { name: string; term: Term } {
    const { name, gate } = this.#take();
    if (!name || gate || ["x", "U", "W", ...FUNCTIONS].includes(name)) this.#wrong("the name of a value", -1);
    this.#expect("=");
    const term = this.#sum();
    if (this.#tokens[this.#next]) this.#wrong("the end of the line");
    return { name: name!, term };
  }

  #sum(): Term {
    let left = this.#is("-") ? this.#minus(() => 0, this.#product()) : this.#product();
    for (;;) {
      const first = left;
      if (this.#is("+")) {
        const second = this.#product();
        left = (scope) =>
          this.#combine(first(scope), second(scope), (a, b) => a + b, (a, b) => a.plus(b), (a, b) => b.plus(a));
      } else if (this.#is("-")) left = this.#minus(first, this.#product());
      else return left;
    }
  }

  #minus(first: Term, second: Term): Term {
    const from = (a: number, b: Expression) => b.times(-1).plus(a);
    return (scope) => {
      const a = first(scope), b = second(scope);
      if (a === 1 && typeof b === "object") return scope.functions.oneMinus(b);
      return this.#combine(a, b, (a, b) => a - b, (a, b) => a.minus(b), from);
    };
  }

  #product(): Term {
    let left = this.#factor();
    for (;;) {
      const first = left, { text, name, number } = this.#tokens[this.#next] ?? { text: "" };
      if (this.#is("/")) {
        const second = this.#factor();
        left = (scope) => {
          const a = first(scope), b = second(scope);
          if (typeof a === "number" && typeof b === "object") return this.#wrong("a value before /", -1);
          return this.#combine(a, b, (a, b) => a / b, (a, b) => a.divide(b), () => this.#wrong("a value before /", -1));
        };
      } else if (this.#is("*") || text === "(" || name || number !== undefined) {
        const second = this.#factor();
        left = (scope) =>
          this.#combine(first(scope), second(scope), (a, b) => a * b, (a, b) => a.times(b), (a, b) => b.times(a));
      } else return left;
    }
  }

  /** A value with the weights behind it: x U^z, h W^z, (r h) W^c. */
  #factor(): Term {
    let term = this.#primary();
    for (;;) {
      const value = term, { name, gate } = this.#tokens[this.#next] ?? {};
      if (!gate || name !== "U" && name !== "W") return term;
      this.#next++;
      this.gates.add(gate);
      term = (scope) => {
        if (name === "W") return scope.W[gate](expression(value(scope), this.number));
        if (value(scope) === "x") return scope.x[gate];
        throw new SyntaxError(`Line ${this.number}: expected x before U^${gate}`);
      };
    }
  }

  #primary(): Term {
    const { text, number, name, gate } = this.#take();
    if (number !== undefined) return () => number;
    if (text === "(") {
      const inner = this.#sum();
      this.#expect(")");
      return inner;
    }
    if (!name || gate) return this.#wrong("a value", -1);
    if (name === "x") return () => "x";
    const f = FUNCTIONS.find((known) => known === name);
    if (!f) {
      this.read.add(name);
      return ({ values }) => values.get(name)!;
    }
    this.#expect("(");
    const inner = this.#sum();
    this.#expect(")");
    return (scope) => scope.functions[f](expression(inner(scope), this.number));
  }

  #combine(
    a: Value,
    b: Value,
    numbers: (a: number, b: number) => number,
    values: (a: Expression, b: Expression | number) => Expression,
    swapped: (a: number, b: Expression) => Expression,
  ): Value {
    if (typeof a === "number") return typeof b === "number" ? numbers(a, b) : swapped(a, expression(b, this.number));
    return values(expression(a, this.number), typeof b === "number" ? b : expression(b, this.number));
  }

  #take(): Token {
    return this.#tokens[this.#next++] ?? { text: "the end of the line" };
  }

  #is(text: string): boolean {
    if (this.#tokens[this.#next]?.text !== text) return false;
    this.#next++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#is(text)) this.#wrong(text);
  }

  #wrong(expected: string, back = 0): never {
    const got = this.#tokens[this.#next + back]?.text ?? "the end of the line";
    throw new SyntaxError(`Line ${this.number}: expected ${expected}, got ${got}`);
  }
}
