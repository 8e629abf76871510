import { kernelTest } from "../support/kernels/harness.ts";

kernelTest("pack equals the reference at every remainder", ({ check }) => {
  for (let n = 1; n <= 17; n++) {
    for (const k of [1, 2, 3, 4, 5, 7, 8, 33]) {
      check(
        (space) => {
          const P = space.output(1, k * 8 * Math.ceil(n / 8)), ldw = n + k % 3, W = space.random(k, n, ldw);
          return (kernels) => kernels.pack(P, W, k, n, ldw);
        },
        {},
        `n ${n} k ${k}`,
      );
    }
  }
});

kernelTest("packTransposed equals the reference at every remainder", ({ check }) => {
  for (let n = 1; n <= 17; n++) {
    for (const k of [1, 2, 3, 4, 5, 6, 7, 8, 9, 33]) {
      check(
        (space) => {
          const P = space.output(1, k * 8 * Math.ceil(n / 8)), ldw = k + n % 3, W = space.random(n, k, ldw);
          return (kernels) => kernels.packTransposed(P, W, k, n, ldw);
        },
        {},
        `n ${n} k ${k}`,
      );
    }
  }
});
