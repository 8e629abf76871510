import { assertEqualColumns, kernelTest, U } from "../support/kernels/harness.ts";

const WIDTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 33];
const BATCHES = [1, 2, 3, 4, 5];

/** Numbers stay below 4, and a result has at most a dozen roundings. */
const NEAR = { absolute: 48 * U };

kernelTest("gruForward equals the reference at all shapes and strides", ({ check }) => {
  for (const B of BATCHES) {
    for (const H of WIDTHS) {
      check(
        (space) => {
          const width = 4 * H, ldz = width + B % 3, ldh = H + (B + H) % 3;
          const h = space.output(B, H, ldh), z = space.random(B, width, ldz, 4), hPrev = space.random(B, H, ldh);
          return (kernels) => kernels.gruForward(h, z, hPrev, B, H, ldz, ldh);
        },
        NEAR,
        `B ${B} H ${H}`,
      );
    }
  }
});

kernelTest("gruBackward equals the reference at all shapes and strides", ({ check }) => {
  for (const B of BATCHES) {
    for (const H of WIDTHS) {
      check(
        (space) => {
          const width = 4 * H, ldz = width + B % 3, ldh = H + (B + H) % 3;
          const z = space.random(B, width, ldz), dhPrev = space.random(B, H, ldh);
          const dh = space.random(B, H, ldh), hPrev = space.random(B, H, ldh);
          return (kernels) => kernels.gruBackward(z, dhPrev, dh, hPrev, B, H, ldz, ldh);
        },
        NEAR,
        `B ${B} H ${H}`,
      );
    }
  }
});

kernelTest(
  "an element of a GRU step has the same bits in any lane, in a full vector and in a tail",
  ({ arena, kernels }) => {
    const B = 5, z = 4096, hPrev = 16384, h = 20480, dhPrev = 24576;
    for (const H of WIDTHS) {
      const ldz = 4 * H;
      for (let i = 0; i < 4 * B; i++) arena.floats(z + 4 * i * H, H).fill(i / 7 - 1.3);
      for (let b = 0; b < B; b++) {
        arena.floats(hPrev + 4 * b * H, H).fill(0.3 - b / 5);
        arena.floats(dhPrev + 4 * b * H, H).fill(b / 3);
      }
      kernels.gruForward(h, z, hPrev, B, H, ldz, H);
      assertEqualColumns(arena, h, B, H);
      kernels.gruBackward(z, dhPrev, h, hPrev, B, H, ldz, H);
      assertEqualColumns(arena, z, 4 * B, H);
      assertEqualColumns(arena, dhPrev, B, H);
    }
  },
);
