import { assertEqualColumns, kernelTest, U } from "../support/kernels/harness.ts";

const WIDTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 33];
const BATCHES = [1, 2, 3, 4, 5];

/** Numbers stay below 4, and a result has at most a dozen roundings. */
const NEAR = { absolute: 48 * U };

for (const inPlace of [false, true]) {
  kernelTest(
    `lstmForward equals the reference at all shapes and strides${inPlace ? ", c = cPrev" : ""}`,
    ({ check }) => {
      for (const B of BATCHES) {
        for (const H of WIDTHS) {
          check(
            (space) => {
              const ldz = 4 * H + B % 3, ldh = H + (B + H) % 3;
              const z = space.random(B, 4 * H, ldz, 6), cPrev = space.random(B, H, ldh, 2);
              const h = space.output(B, H, ldh), tc = space.output(B, H, ldh);
              const c = inPlace ? cPrev : space.output(B, H, ldh);
              return (kernels) => kernels.lstmForward(h, c, tc, z, cPrev, B, H, ldz, ldh);
            },
            NEAR,
            `B ${B} H ${H}`,
          );
        }
      }
    },
  );
}

kernelTest("lstmBackward equals the reference at all shapes and strides", ({ check }) => {
  for (const B of BATCHES) {
    for (const H of WIDTHS) {
      check(
        (space) => {
          const ldz = 4 * H + B % 3, ldh = H + (B + H) % 3;
          const z = space.random(B, 4 * H, ldz), dc = space.random(B, H, ldh), dh = space.random(B, H, ldh);
          const tc = space.random(B, H, ldh), cPrev = space.random(B, H, ldh);
          return (kernels) => kernels.lstmBackward(z, dc, dh, tc, cPrev, B, H, ldz, ldh);
        },
        NEAR,
        `B ${B} H ${H}`,
      );
    }
  }
});

kernelTest(
  "an element of an LSTM step has the same bits in any lane, in a full vector and in a tail",
  ({ arena, check, kernels }) => {
    const B = 5;
    for (const H of WIDTHS) {
      let z = 0, h = 0, c = 0, tc = 0, cPrev = 0;
      check((space) => {
        z = space.floats(B, 4 * H, 4 * H, (b, j) => Math.floor(j / H) - 1.3 + b / 7);
        cPrev = space.floats(B, H, H, (b) => 0.3 - b / 5);
        h = space.output(B, H), c = space.output(B, H), tc = space.output(B, H);
        return (kernels) => kernels.lstmForward(h, c, tc, z, cPrev, B, H, 4 * H, H);
      }, NEAR);
      kernels.lstmForward(h, c, tc, z, cPrev, B, H, 4 * H, H);
      for (const output of [h, c, tc]) assertEqualColumns(arena, output, B, H);
      // h stands for dh, and c for dc.
      kernels.lstmBackward(z, c, h, tc, cPrev, B, H, 4 * H, H);
      assertEqualColumns(arena, c, B, H);
      assertEqualColumns(arena, z, 4 * B, H);
    }
  },
);
