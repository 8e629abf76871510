import { ELEMENT_LOSS } from "../../src/kernels/element_loss_kinds.ts";
import { kernelTest, U } from "../support/kernels/harness.ts";

const COLUMNS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 33];

for (const [name, kind] of Object.entries(ELEMENT_LOSS)) {
  for (const gradient of [true, false]) {
    const what = gradient ? "with its gradient" : "alone";
    kernelTest(
      `elementLoss ${name} ${what} equals the reference at all shapes and strides, with rows of weight 0`,
      ({ check }) => {
        for (const n of COLUMNS) {
          for (const [m, scale] of [[1, 1], [4, 1 / 32], [5, -2]]) {
            check(
              (space) => {
                const ldx = n + m % 3, lddx = n + 2, loss = space.output(m, n), s = space.values([scale]);
                const dx = gradient ? space.output(m, n, lddx) : 0;
                // The kernel does not read a row of weight 0.
                const x = space.floats(m, n, ldx, (i, j) => i % 3 === 1 ? NaN : (i * 7 + j * 5) % 13 - 6.25);
                const y = space.floats(m, n, n, (i, j) => (i + j * 3) % 5 / 4);
                const v = space.floats(1, m, m, (_, i) => i % 3 === 1 ? 0 : 1 - i / 2);
                const settings = space.floats(1, n, n, (_, j) => 0.5 + j % 3);
                return (kernels) => kernels.elementLoss(loss, dx, x, y, v, settings, s, kind, m, n, lddx, ldx);
              },
              // Losses are below 64, with a handful of roundings; gradients are below 16 times |s| <= 2.
              { absolute: 64 * 8 * U },
              `m ${m} n ${n} scale ${scale}`,
            );
          }
        }
      },
    );
  }
}

kernelTest("elementLoss equals the reference at zeros, infinities and NaN", ({ check }) => {
  const xs = [0, 0, 1, -1, 100, -100, 1e30, -1e30, NaN, 1], ys = [0, 1, 1, -1, 1, 0, 0, 1, 0, NaN];
  for (const kind of Object.values(ELEMENT_LOSS)) {
    check(
      (space) => {
        const n = xs.length, loss = space.output(1, n), dx = space.output(1, n), x = space.values(xs);
        const y = space.values(ys), one = space.values([1]), settings = space.floats(1, n, n, () => 1);
        return (kernels) => kernels.elementLoss(loss, dx, x, y, one, settings, one, kind, 1, n, n, n);
      },
      kind === ELEMENT_LOSS.squared ? BEYOND : { relative: 8 * U, absolute: 2 ** -120 },
      `kind ${kind}`,
    );
  }
});

/** The square of 1e30 is infinite in f32, but not in f64. */
const BEYOND = { absolute: Infinity };

kernelTest("elementLoss has the known losses and slopes of some numbers", ({ kernels, arena }) => {
  const known: [kind: number, x: number, y: number, setting: number, loss: number, slope: number][] = [
    [ELEMENT_LOSS.squared, 3, 1, 0, 4, 4],
    [ELEMENT_LOSS.absolute, 1, 3, 0, 2, -1],
    [ELEMENT_LOSS.absolute, 1, 1, 0, 0, 0],
    [ELEMENT_LOSS.huber, 3, 1, 4, 2, 2],
    [ELEMENT_LOSS.huber, 5, 1, 2, 6, 2],
    [ELEMENT_LOSS.huber, -5, -1, 2, 6, -2],
    [ELEMENT_LOSS.binaryCrossEntropy, 0, 1, 3, 3 * 0.6931471805599453, -1.5],
    [ELEMENT_LOSS.binaryCrossEntropy, 0, 0, 3, 0.6931471805599453, 0.5],
    [ELEMENT_LOSS.binaryCrossEntropy, -20, 1, 1, 20.000000002061153, -0.9999999979388463],
  ];
  for (const [kind, x, y, setting, loss, slope] of known) {
    arena.floats(2048, 4).set([x, y, setting, 1]);
    kernels.elementLoss(2080, 2084, 2048, 2052, 2060, 2056, 2060, kind, 1, 1, 1, 1);
    const got = [...arena.floats(2080, 2)];
    [loss, slope].forEach((want, i) => {
      if (Math.abs(got[i] - want) > 4 * U * Math.abs(want)) {
        throw new Error(`kind ${kind}: ${got} for ${[loss, slope]}`);
      }
    });
  }
});
