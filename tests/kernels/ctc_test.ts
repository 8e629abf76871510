import { assertEquals } from "@std/assert";
import { type Bench, kernelTest, type Tolerance, U } from "../support/kernels/harness.ts";

interface Sequence {
  T: number;
  steps: number;
  n: number;
  labels: readonly number[];
  blank: number;
  v?: number;
  scale?: number;
  zeroInfinity?: boolean;
  gradient?: boolean;
  logit?: (t: number, k: number) => number;
}

/**
 * For logits in [-4, 4): a gamma is the exponential of a sum of T terms, each of up to 8 with a relative error of U.
 */
function near({ T, v = 1, scale = 1 }: Sequence): Tolerance {
  return { absolute: 16 * T * Math.abs(v) * Math.max(1, Math.abs(scale)) * U, relative: 8 * U };
}

function checkSequence({ check }: Bench, sequence: Sequence, tolerance = near(sequence)): void {
  const { T, steps, n, labels, blank, v = 1, scale = 1, zeroInfinity = false, gradient = true, logit } = sequence;
  check(
    (space) => {
      const ldx = n + T % 3, lddx = n + 1, S = labels.length, loss = space.output(1, 1);
      const dx = gradient ? space.output(T, n, lddx) : 0;
      // The kernel does not read x behind the end of the sequence.
      const drawn = new Generator(space);
      const x = space.floats(T, n, ldx, (t, k) => t >= steps ? NaN : logit ? logit(t, k) : drawn.next());
      const label = space.ints(S ? labels : [-1]), sizes = space.ints([steps, S]);
      const vs = space.values([v]), s = space.values([scale]);
      const scratch = space.scratch((T + 4) * (((2 * S + 4) & ~3) + 8) + 2 * T);
      const z = zeroInfinity ? 1 : 0;
      return (k) => k.ctc(loss, dx, x, label, sizes, vs, s, scratch, blank, z, T, n, lddx, ldx);
    },
    tolerance,
    JSON.stringify(sequence),
  );
}

/** Numbers in [-4, 4), from those of a space. */
class Generator {
  #at = 0;
  constructor(readonly space: { numbers: Float32Array }) {}
  next(): number {
    return 4 * this.space.numbers[(this.#at++ * 7) % this.space.numbers.length];
  }
}

for (const gradient of [true, false]) {
  kernelTest(
    `ctc ${gradient ? "with its gradient" : "alone"} equals the reference for all numbers of classes, labels and steps`,
    (bench) => {
      for (const n of [2, 3, 4, 5, 9]) {
        for (let S = 0; S <= 6; S++) {
          for (const [T, steps] of [[2 * S + 1, 2 * S + 1], [2 * S + 4, 2 * S + 2]]) {
            const blank = (n + S) % n, labels = Array.from({ length: S }, (_, i) => (blank + 1 + i * i % (n - 1)) % n);
            checkSequence(bench, { T, steps, n, labels, blank, gradient });
          }
        }
      }
    },
  );
}

kernelTest("ctc equals the reference for weights, scales, one step, repeated labels and weight 0", (bench) => {
  const sequence = { T: 9, steps: 8, n: 4, labels: [1, 1, 3, 3], blank: 2 };
  for (const [v, scale] of [[0.25, 1], [-2, 0.5], [1, 1 / 32], [0, 1]]) {
    checkSequence(bench, { ...sequence, v, scale });
  }
  checkSequence(bench, { T: 1, steps: 1, n: 3, labels: [1], blank: 0 });
  checkSequence(bench, { T: 1, steps: 1, n: 1, labels: [], blank: 0 });
  checkSequence(bench, { ...sequence, T: 6, steps: 6 }); // 4 labels and 2 blanks between them: one path
});

kernelTest("ctc gives infinity, or 0 with zeroInfinity, for labels that do not fit", (bench) => {
  for (const labels of [[1, 1, 3, 3], [1, 2, 3, 1, 2, 3], [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1]]) {
    for (const gradient of [true, false]) {
      for (const zeroInfinity of [true, false]) {
        checkSequence(bench, { T: 7, steps: 5, n: 4, labels, blank: 0, zeroInfinity, gradient });
      }
    }
  }
});

kernelTest(
  "ctc keeps NaN: a NaN among the logits makes the loss NaN, an impossible class has no effect elsewhere",
  (bench) => {
    const sequence = { T: 5, steps: 4, n: 4, labels: [1, 2], blank: 0 };
    for (let t = 0; t < 4; t++) {
      for (let k = 0; k < 4; k++) {
        for (const value of [NaN, -Infinity]) {
          const logit = (i: number, j: number) => i === t && j === k ? value : (i * 3 + j * 5) % 7 / 2;
          checkSequence(bench, { ...sequence, logit }); // exp(-infinity) is below 2e-38, not 0
        }
      }
    }
  },
);

kernelTest("ctc is accurate for tiny probabilities and many steps", (bench) => {
  const labels = Array.from({ length: 12 }, (_, i) => 1 + i * i % 4);
  const sequence = { T: 60, steps: 60, n: 5, labels, blank: 0 };
  checkSequence(bench, { ...sequence, logit: (t, k) => (t * 7 + k * 11) % 61 - 30 }, {
    absolute: 4e-4,
    relative: 8 * U,
  });
  // Every step has blank, and e^-60 for all others: a product of probabilities would be below the smallest double.
  checkSequence(bench, { ...sequence, logit: (_, k) => k ? -60 : 0 }, { absolute: 1e-4, relative: 8 * U });
});

kernelTest("ctc equals the sum over all paths in a small case", ({ kernels, arena }) => {
  // Two steps, labels (1): blank 1, 1 blank, 1 1. Probabilities 1/2, 1/4, 1/4 and 1/8, 1/8, 3/4.
  const log = [-0.6931471805599453, -1.3862943611198906, -1.3862943611198906]
    .concat([-2.0794415416798357, -2.0794415416798357, -0.2876820724517809]);
  arena.floats(2048, 6).set(log);
  arena.ints(2080, 3).set([1, 2, 1]); // the label; steps and S
  arena.floats(2096, 1).set([1]);
  kernels.ctc(2112, 2128, 2048, 2080, 2084, 2096, 2096, 3072, 0, 0, 2, 3, 3, 3);
  // 1/16 + 1/32 + 1/32 = 1/8; gamma of label 1 at step 0 is 1/4 * (1/8 + 1/8) / (1/8) = 1/2
  const want = [2.0794415416798357, 0.5 - 0.5, 0.25 - 0.5, 0.25, 0.125 - 0.25, 0.125 - 0.75, 0.75];
  const got = [arena.floats(2112, 1)[0], ...arena.floats(2128, 6)];
  got.forEach((value, i) => assertEquals(Math.abs(value - want[i]) <= 8 * U, true, `${got} for ${want}`));
});
