/**
 * Gradients against central differences.
 *
 * The differences are taken on the f64 reference: with steps of 1e-5 they are true to about 1e-10 (the third derivative
 * times 1e-10 / 6, and the loss's last bit divided by 1e-5), where f32 would leave two digits. The analytic gradients
 * of the same f64 session must agree with them, and those of both wasm builds with the f64 session's.
 */
import {
  type CallOptions,
  compile,
  crossEntropy,
  type Layer,
  type Numerics,
  type PlanOptions,
  sgd,
  type States,
} from "../../mod.ts";
import { referenceKernels } from "../../src/kernels/reference/reference_kernels.ts";
import { ReferenceArena } from "../../src/memory/reference_arena.ts";
import { compileReference } from "../../src/models/compile_reference.ts";
import { planNet } from "../../src/models/plan.ts";
import { Session } from "../../src/models/session.ts";
import { Generator } from "../../src/random/generator.ts";
import type { Data, Extent } from "../cells/trial.ts";
import { distance, size } from "../rounding.ts";

/** The worst errors of the gradient of one tensor, relative to its largest element. */
export interface Finding {
  readonly tensor: string;
  /** f64 gradient, rounded to f32, against the differences. */
  readonly differences: number;
  /** How far the differences may be off because the loss has a last bit. */
  readonly noise: number;
  /** Gradients of the wasm builds against the f64 gradient. */
  readonly builds: Readonly<Record<Numerics, number>>;
}

/** What a training step takes. */
export interface Step {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly states: States;
}

type Tensors = Map<string, ArrayLike<number>>;

const STEP = 1e-5;
/** Elements tried of a tensor. */
const SAMPLE = 40;

/** Gradients of the mean cross-entropy, as `step` leaves them, of all parameters. */
export function checkStep(net: Layer, { T, B }: Extent, { x, y, states }: Step): Promise<Finding[]> {
  // With a learning rate of 0 a step computes the gradients and changes nothing.
  const options = { batch: B, steps: T, loss: crossEntropy(), optimizer: sgd({ learningRate: 0 }) };
  const truth = compileReference(net, options, "f64");
  const { variables, write } = parameters(truth);
  const loss = () => {
    write();
    return truth.evaluate({ x, y }, { states }).loss;
  };
  return compare(net, options, truth, variables, loss, (session) => {
    session.step({ x, y }, { states });
    return gradients(session);
  });
}

/**
 * Gradients of the sum of dOutput * output + dStates * last states, as `backward` gives them, of all that goes in.
 * Lengths must descend: the sum is taken over rows in the session's order.
 */
export function checkPass(
  net: Layer,
  { T, B }: Extent,
  data: Data,
  { lengths }: Pick<CallOptions, "lengths"> = {},
): Promise<Finding[]> {
  const options = { batch: B, steps: T, train: true };
  const plan = planNet(net, options), arena = new ReferenceArena(plan.bytes);
  const truth = new Session(plan, referenceKernels(arena, "f64"), arena);
  const { variables, write } = parameters(truth);
  const x = Float64Array.from(data.x), isValues = net.input.kind === "values";
  if (isValues) variables.set("x", x);
  // The session copies states element by element, so doubles pass unrounded.
  const states: Record<string, Float64Array> = {};
  for (const [name, state] of Object.entries(data.states)) {
    states[name] = Float64Array.from(state);
    variables.set(`state ${name}`, states[name]);
  }
  /** The product of a `[rows, columns]` matrix in the arena, where it is not rounded, with a tensor. */
  const product = (address: number, stride: number, columns: number, tensor: Float32Array): number =>
    tensor.reduce((sum, value, i) => {
      const column = i % columns, row = (i - column) / columns;
      return sum + value * arena.floats(address + 4 * (row * stride + column), 1)[0];
    }, 0);
  const loss = () => {
    write();
    truth.forward(x, { lengths, states: states as unknown as States });
    const { output, states: places } = plan.layer, { address, stride, columns } = output.value;
    return places.reduce(
      (sum, { name, width, stride, last }) => sum + product(last(), stride, width, data.dStates[name]),
      product(address, stride, columns, data.dOutput),
    );
  };
  return compare(net, options, truth, variables, loss, (session) => {
    session.forward(data.x, { lengths, states: data.states });
    const { dx, dStates } = session.backward(data.dOutput, data.dStates);
    const found = gradients(session);
    if (dx) found.set("x", dx);
    for (const [name, gradient] of Object.entries(dStates)) found.set(`state ${name}`, gradient);
    return found;
  });
}

async function compare(
  net: Layer,
  options: PlanOptions,
  truth: Session,
  variables: Map<string, Float64Array>,
  loss: () => number,
  run: (session: Session) => Tensors,
): Promise<Finding[]> {
  const analytic = run(truth), noise = 8 * Number.EPSILON * Math.abs(loss()) / (2 * STEP);
  const builds = { exact: await build("exact"), fast: await build("fast") };
  return [...variables].map(([tensor, values], i) => {
    const want = analytic.get(tensor)!, largest = size(want);
    const elements = sample(values.length, i);
    const slopes = elements.map((element) => slope(loss, values, element));
    const relative = (gradients: Tensors) => distance(gradients.get(tensor)!, want) / largest;
    return {
      tensor,
      differences: distance(elements.map((element) => want[element]), slopes) / largest,
      noise: noise / largest,
      builds: { exact: relative(builds.exact), fast: relative(builds.fast) },
    };
  });

  async function build(numerics: Numerics): Promise<Tensors> {
    using session = await compile(net, { ...options, numerics });
    session.setParameters(truth.parameters());
    return run(session);
  }
}

/** The parameters of a session as numbers to vary, and how to write them into it. They begin as f32 numbers. */
function parameters(session: Session): { variables: Map<string, Float64Array>; write(): void } {
  const tensors = [...session.parameters()].map(([name, { shape, data }]) =>
    [name, { shape, data: Float64Array.from(data) }] as const
  );
  const all = new Map(tensors);
  const write = () => session.setParameters(all);
  write(); // the f64 session drew doubles, the wasm sessions get their f32 copies
  return { variables: new Map(tensors.map(([name, { data }]) => [name, data])), write };
}

function gradients(session: Session): Tensors {
  return new Map([...session.gradients()].map(([name, { data }]) => [name, data]));
}

/** The central difference of f at one element of what f reads. */
function slope(f: () => number, values: Float64Array, element: number): number {
  const value = values[element];
  values[element] = value + STEP;
  const above = f();
  values[element] = value - STEP;
  const below = f();
  values[element] = value;
  return (above - below) / (2 * STEP);
}

/** All of n elements, or seeded ones. */
function sample(n: number, stream: number): number[] {
  const elements = Array.from({ length: n }, (_, i) => i);
  if (n > SAMPLE) new Generator(1, stream).shuffle(elements);
  return elements.slice(0, SAMPLE);
}
