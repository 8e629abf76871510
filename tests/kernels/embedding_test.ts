import { kernelTest } from "../support/kernels/harness.ts";

const COLUMNS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 33];
const V = 7;

/** m indices below V, with repeats. */
function indices(m: number): number[] {
  return Array.from({ length: m }, (_, i) => (i * i + 3 * i + m) % V);
}

kernelTest("gather equals the reference at all shapes and strides", ({ check }) => {
  for (const m of [1, 2, 5, 13]) {
    for (const n of COLUMNS) {
      check(
        (space) => {
          const ldy = n + m % 3, ldt = n + n % 4;
          const y = space.output(m, n, ldy), table = space.random(V, n, ldt), index = space.ints(indices(m));
          return (kernels) => kernels.gather(y, table, index, m, n, ldy, ldt);
        },
        {},
        `m ${m} n ${n}`,
      );
    }
  }
});

kernelTest("gatherIntegers equals the reference at every length", ({ check }) => {
  for (const m of [1, 2, 5, 13, 40]) {
    check(
      (space) => {
        const y = space.ints(new Int32Array(m)),
          x = space.ints([3, -1, 4, -100, 5, 9, 2]),
          index = space.ints(indices(m));
        return (kernels) => kernels.gatherIntegers(y, x, index, m);
      },
      {},
      `m ${m}`,
    );
  }
});

kernelTest("scatterAdd equals the reference at all shapes and strides, with repeated rows", ({ check }) => {
  for (const m of [1, 2, 5, 13, 40]) {
    for (const n of COLUMNS) {
      check(
        (space) => {
          const ldy = n + m % 3, ldt = n + n % 4;
          const table = space.random(V, n, ldt), y = space.random(m, n, ldy), index = space.ints(indices(m));
          return (kernels) => kernels.scatterAdd(table, y, index, m, n, ldt, ldy);
        },
        { chain: m },
        `m ${m} n ${n}`,
      );
    }
  }
});
