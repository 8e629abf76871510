/**
 * The gradient of every loss and option on the f64 reference against central differences, and both builds against the
 * reference. Outputs are the rows of an embedding, so the gradient of its weight is that of the outputs.
 */
import { assert } from "@std/assert";
import {
  absoluteError,
  binaryCrossEntropy,
  compile,
  crossEntropy,
  embedding,
  type Loss,
  type Reduction,
  type Session,
  sgd,
  squaredError,
  type Targets,
} from "../../mod.ts";
import { ctc, huber, smoothL1 } from "../../losses.ts";
import { compileReference } from "../support/compile_reference.ts";
import { Generator } from "../../src/random/generator.ts";
import { distance, size, U, walk } from "../support/rounding.ts";

const T = 5, B = 3, C = 4, ROWS = T * B, LENGTHS = [3, 5, 4];
const random = new Generator(5);
const OUTPUTS = Float64Array.from({ length: ROWS * C }, () => Math.fround(4 * random.uniform() - 2));
const x = Int32Array.from({ length: ROWS }, (_, i) => i);
const weights = Float32Array.from({ length: ROWS }, (_, i) => (i % 4) / 2 - 0.25), perSequence = [0.5, 2, 1];

const classes: Targets = { y: Array.from(x, (i) => i % 6 === 1 ? -100 : (i * 7) % C) };
const numbers: Targets = { y: Array.from(OUTPUTS, () => 3 * random.uniform() - 1.5) };
const shares: Targets = { y: Array.from(OUTPUTS, (_, i) => [0, 1, 0.25][i % 3]) };

const CASES: Record<string, [loss: (reduction: Reduction) => Loss, targets: Targets]> = {
  "cross-entropy": [(reduction) => crossEntropy({ reduction }), classes],
  "smoothing": [(reduction) => crossEntropy({ reduction, labelSmoothing: 0.3 }), classes],
  "class weights": [(reduction) => crossEntropy({ reduction, classWeights: [1, 0, 0.5, 2] }), classes],
  "smoothing, class weights, weights": [
    (reduction) => crossEntropy({ reduction, labelSmoothing: 0.3, classWeights: [1, 0, 0.5, 2] }),
    { ...classes, weights },
  ],
  "squared error": [(reduction) => squaredError({ reduction }), numbers],
  "absolute error": [(reduction) => absoluteError({ reduction }), { ...numbers, weights }],
  "huber": [(reduction) => huber({ reduction, delta: 0.8 }), { ...numbers, weights: perSequence }],
  "smooth L1": [(reduction) => smoothL1({ reduction, beta: 0.8 }), numbers],
  "binary": [(reduction) => binaryCrossEntropy({ reduction }), shares],
  "binary, positive weights": [
    (reduction) => binaryCrossEntropy({ reduction, positiveWeight: [2, 0.5, 1, 3] }),
    { ...shares, weights },
  ],
  "ctc": [(reduction) => ctc({ reduction, blank: 0 }), { y: [1, 2, 3, 2, 3, 1], targetLengths: [1, 3, 2] }],
  "ctc, padded, weights, last class blank": [
    (reduction) => ctc({ reduction, blank: 3, labels: 3 }),
    { y: [1, 9, 9, 2, 2, 0, 1, 0, 9], targetLengths: [1, 3, 2], weights: perSequence },
  ],
};

for (const [name, [make, targets]] of Object.entries(CASES)) {
  for (const reduction of ["mean", "sum"] as const) {
    for (const lengths of [undefined, LENGTHS]) {
      Deno.test(`${name}, ${reduction}${lengths ? ", lengths" : ""}: gradient against central differences`, async () => {
        const options = { batch: B, steps: T, loss: make(reduction), optimizer: sgd({ learningRate: 0 }) };
        const truth = compileReference(embedding(ROWS, C), options, "f64"), outputs = OUTPUTS.slice();
        const write = (session: Session) =>
          session.setParameters(new Map([["weight", { shape: [ROWS, C], data: outputs }]]));
        const gradient = (session: Session) => {
          write(session);
          session.step({ x, ...targets }, { lengths });
          return session.gradients().get("weight")!.data;
        };
        const want = gradient(truth), largest = size(want);
        const lossAt = (i: number, value: number) => {
          outputs[i] = value;
          write(truth);
          return truth.evaluate({ x, ...targets }, { lengths }).loss;
        };
        const slopes = Array.from(OUTPUTS, (value, i) => {
          const slope = (lossAt(i, value + 1e-5) - lossAt(i, value - 1e-5)) / 2e-5;
          outputs[i] = value;
          return slope;
        });
        // The third derivative times 1e-10 / 6, the last bit of a loss below 64 over 2e-5, and the gradient's rounding.
        assert(distance(want, slopes) <= U * largest + 1e-8, `off by ${distance(want, slopes)}`);
        for (const numerics of ["exact", "fast"] as const) {
          using session = await compile(embedding(ROWS, C), { ...options, numerics });
          const error = distance(gradient(session), want) / largest;
          // Two sums over C classes and, for ctc, forward and backward over T steps of some 16 roundings.
          assert(error <= walk(2 * T * 16 + 2 * C), `the ${numerics} build is off by ${error}`);
        }
      });
    }
  }
}
